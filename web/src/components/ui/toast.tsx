import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import { Button } from './button';

type Toast = { id: number; text: string; isFault: boolean };

const staysMs = 6000;
let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(change: readonly Toast[]) {
  toasts = change;
  for (const listener of listeners) {
    listener();
  }
}

const dismiss = (id: number) => set(toasts.filter((each) => each.id !== id));

/** Says in passing that something was done, or that it was not. */
export function toast(text: string, isFault = false) {
  const id = next++;
  set([...toasts.slice(-3), { id, text, isFault }]);
  setTimeout(() => dismiss(id), isFault ? staysMs * 2 : staysMs);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const t = useTranslations('common');
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div role="status" aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-4 z-60 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2"
    >
      {shown.map((each) => (
        <div
          key={each.id}
          className={cn(
            'pointer-events-auto flex items-start gap-2.5 rounded-lg border border-line bg-raised '
              + 'py-2.5 pr-2 pl-3 shadow-high',
          )}
        >
          {each.isFault ? (
            <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          ) : (
            <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
          )}
          <span className="grow text-[13px]">{each.text}</span>
          <Button
            look="quiet" size="iconSm" className="-my-1" aria-label={t('dismiss')} onClick={() => dismiss(each.id)}
          >
            <X className="size-3.5" aria-hidden />
          </Button>
        </div>
      ))}
    </div>
  );
}
