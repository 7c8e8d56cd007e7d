import { onlineManager } from '@tanstack/react-query';
import { WifiOff } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { useTranslations } from 'use-intl';

const subscribe = (listener: () => void) => onlineManager.subscribe(listener);

/** True while the browser has a network. */
export const useOnline = () => useSyncExternalStore(subscribe, () => onlineManager.isOnline());

export function OfflineBanner() {
  const t = useTranslations('states');
  return useOnline() ? null : (
    <div role="alert" className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-1.5 text-[13px] text-warn">
      <WifiOff className="size-4" aria-hidden /> {t('offline')}
    </div>
  );
}
