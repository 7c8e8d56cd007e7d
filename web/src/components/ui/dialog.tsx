import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import { Button } from './button';

type DialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  /** In the middle, or along the right edge for what is longer. */
  place?: 'middle' | 'side';
  children: ReactNode;
};

const places = {
  middle:
    'left-1/2 top-1/2 max-h-[min(40rem,calc(100dvh-2rem))] w-[min(30rem,calc(100vw-2rem))] -translate-x-1/2 '
    + '-translate-y-1/2 rounded-xl border',
  side: 'inset-y-0 right-0 w-[min(30rem,100vw)] border-l',
};

/** The first field rather than the cross, where there is a field. */
function focusField(event: Event) {
  const field = (event.currentTarget as HTMLElement).querySelector<HTMLElement>('input, select');
  if (field) {
    event.preventDefault();
    field.focus();
  }
}

/** What has to be answered before anything else; Escape and the cross leave it as it was. */
export function Dialog({ open, onOpenChange, title, description, place = 'middle', children }: DialogProps) {
  const t = useTranslations('common');
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          className={cn('fixed z-50 flex flex-col border-line bg-raised shadow-high', places[place])}
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusField}
        >
          <header className="flex items-start gap-3 border-b border-line px-5 py-4">
            <div className="min-w-0 grow">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {description ? (
                <Radix.Description className="mt-0.5 text-[13px] text-soft">{description}</Radix.Description>
              ) : null}
            </div>
            <Radix.Close asChild>
              <Button look="quiet" size="iconSm" aria-label={t('close')}>
                <X className="size-4" aria-hidden />
              </Button>
            </Radix.Close>
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function DialogBody({ className, children }: { className?: string; children: ReactNode }) {
  return <div className={cn('min-h-0 grow overflow-y-auto px-5 py-4', className)}>{children}</div>;
}

export function DialogFooter({ children }: { children: ReactNode }) {
  return <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{children}</footer>;
}
