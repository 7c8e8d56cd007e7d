import { cn } from '@/lib/cn';
import type { HealthStatus } from './health-queries';

/** Each status has a form of its own: colour alone would not reach everybody. */
const forms: Record<HealthStatus, string> = {
  available: 'M4 8.5 7 11.5 12 5',
  empty: 'M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z',
  degraded: 'M3 10.5 6 6l4 4 3-4.5',
  down: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  none: 'M6 8h4',
};

export const fills: Record<HealthStatus, string> = {
  available: 'bg-cell-available text-white dark:text-sunken',
  empty: 'bg-cell-empty text-sunken',
  degraded: 'bg-cell-degraded text-[#2b1c00]',
  down: 'bg-cell-down text-white',
  none: 'bg-cell-none text-line-strong/60',
};

export function StatusGlyph({ status, className }: { status: HealthStatus; className?: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden className={cn('block', className)}>
      <path
        d={forms[status]} fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round"
      />
    </svg>
  );
}

export function StatusMark({ status, className }: { status: HealthStatus; className?: string }) {
  return (
    <span className={cn('inline-flex size-4 items-center justify-center rounded-[3px]', fills[status], className)}>
      <StatusGlyph status={status} className="size-3" />
    </span>
  );
}
