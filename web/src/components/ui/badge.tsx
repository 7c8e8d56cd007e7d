import { cva, type VariantProps } from 'class-variance-authority';
import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

const badge = cva('inline-flex items-center gap-1 rounded px-1.5 py-px text-xs font-medium whitespace-nowrap', {
  variants: {
    tone: {
      plain: 'bg-sunken text-soft ring-1 ring-line ring-inset',
      good: 'bg-good-soft text-good',
      warn: 'bg-warn-soft text-warn',
      bad: 'bg-bad-soft text-bad',
      note: 'bg-note-soft text-note',
      accent: 'bg-accent-soft text-accent',
    },
  },
  defaultVariants: { tone: 'plain' },
});

export type Tone = NonNullable<VariantProps<typeof badge>['tone']>;

export function Badge({ tone, className, ...rest }: ComponentProps<'span'> & { tone?: Tone }) {
  return <span className={cn(badge({ tone }), className)} {...rest} />;
}
