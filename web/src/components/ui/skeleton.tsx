import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';

const shownAfterMs = 150;

/** Rows as high as those to come, so that nothing jumps; a quick answer never shows them. */
export function SkeletonRows({ rows, className }: { rows: number; className: string }) {
  const t = useTranslations('common');
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), shownAfterMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-label={t('loading')} className={cn('divide-y divide-line', !isShown && 'invisible')}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className={cn('flex items-center gap-4 px-4', className)}>
          <span className="h-3.5 w-40 animate-pulse rounded bg-line" />
          <span className="h-3.5 grow animate-pulse rounded bg-line" />
          <span className="h-3.5 w-16 animate-pulse rounded bg-line" />
        </div>
      ))}
    </div>
  );
}
