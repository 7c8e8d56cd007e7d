import { cva, type VariantProps } from 'class-variance-authority';
import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

const button = cva(
  'inline-flex shrink-0 select-none items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap '
    + 'transition-colors disabled:cursor-not-allowed disabled:opacity-50',
  {
    variants: {
      look: {
        primary: 'bg-accent text-on-accent hover:bg-accent-strong',
        plain: 'border border-line bg-raised text-ink shadow-card hover:bg-hover',
        quiet: 'text-soft hover:bg-hover hover:text-ink',
        danger: 'bg-bad text-raised hover:opacity-90 dark:text-sunken',
      },
      size: {
        md: 'h-8.5 px-3 text-[13px]',
        sm: 'h-7 px-2 text-xs',
        icon: 'size-8',
        iconSm: 'size-7',
      },
    },
    defaultVariants: { look: 'plain', size: 'md' },
  },
);

type ButtonProps = ComponentProps<'button'> & VariantProps<typeof button> & { busy?: boolean };

/** While busy it stays in place and takes no second press. */
export function Button({ look, size, busy, className, disabled, type, ...rest }: ButtonProps) {
  return (
    <button
      type={type ?? 'button'}
      className={cn(button({ look, size }), busy && 'animate-pulse', className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    />
  );
}
