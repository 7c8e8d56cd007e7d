import { cn } from '@/lib/cn';
import type { Tone } from './badge';

const fills: Record<Tone, string> = {
  plain: 'bg-line-strong',
  good: 'bg-cell-available',
  warn: 'bg-cell-degraded',
  bad: 'bg-cell-down',
  note: 'bg-cell-empty',
  accent: 'bg-accent',
};

/** How much of something is used, in hundredths of a per cent; the figures stand beside it as text. */
export function Bar({ bp, tone, className }: { bp: number; tone: Tone; className?: string }) {
  const width = Math.max(0, Math.min(100, bp / 100));
  return (
    <span aria-hidden className={cn('block h-1.5 overflow-hidden rounded-full bg-cell-none', className)}>
      <span className={cn('block h-full rounded-full', fills[tone])} style={{ width: `${width}%` }} />
    </span>
  );
}
