import { cn } from '@/lib/cn';

/** The sign of the product: many lines through one hub. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={cn('size-7 shrink-0', className)} aria-hidden>
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g className="fill-none stroke-on-accent" strokeWidth="2.6" strokeLinecap="round">
        <circle cx="16" cy="16" r="4" />
        <path d="M16 5v7M16 20v7M5 16h7M20 16h7" />
      </g>
    </svg>
  );
}
