import { Switch as Radix } from 'radix-ui';
import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

export function Switch({ className, ...rest }: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className={cn(
        'inline-flex h-5 w-9 shrink-0 items-center rounded-full align-middle border '
          + 'border-line-strong bg-sunken transition-colors'
          + 'data-[state=checked]:border-accent data-[state=checked]:bg-accent '
          + 'disabled:cursor-not-allowed disabled:opacity-60',
        className,
      )}
      {...rest}
    >
      <Radix.Thumb
        className={cn(
          'block size-3.5 translate-x-0.5 rounded-full bg-line-strong transition-transform '
            + 'data-[state=checked]:translate-x-4.5 data-[state=checked]:bg-on-accent',
        )}
      />
    </Radix.Root>
  );
}
