import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

const control =
  'h-8.5 w-full rounded-md border border-line-strong/60 bg-raised px-2.5 text-[13px] text-ink shadow-card '
  + 'aria-invalid:border-bad disabled:opacity-60';

export function Input({ className, type, ...rest }: ComponentProps<'input'>) {
  return <input type={type ?? 'text'} className={cn(control, className)} {...rest} />;
}

/** The browser's own list: right for keyboards, phones and screen readers as it is. */
export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return <select className={cn(control, 'pr-7', className)} {...rest} />;
}

export function Checkbox({ className, ...rest }: Omit<ComponentProps<'input'>, 'type'>) {
  return <input type="checkbox" className={cn('size-4 shrink-0 accent-accent', className)} {...rest} />;
}

/** An input with its unit inside the frame. */
export function UnitInput({ unit, className, ...rest }: ComponentProps<'input'> & { unit: string }) {
  return (
    <span className="relative block">
      <Input inputMode="numeric" className={cn('pr-11 text-right tabular-nums', className)} {...rest} />
      <span
        aria-hidden
        className="pointer-events-none absolute inset-y-0 right-2.5 flex items-center text-xs text-faint"
      >
        {unit}
      </span>
    </span>
  );
}
