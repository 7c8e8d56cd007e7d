import type { ComponentProps, ReactNode } from 'react';
import { cn } from '@/lib/cn';

export function Card({ className, ...rest }: ComponentProps<'section'>) {
  return <section className={cn('rounded-xl border border-line bg-raised shadow-card', className)} {...rest} />;
}

type CardHeaderProps = {
  title: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** Nothing comes beneath it. */
  isAlone?: boolean;
};

export function CardHeader({ title, description, actions, isAlone }: CardHeaderProps) {
  return (
    <header
      className={cn('flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3', !isAlone && 'border-b border-line')}
    >
      <div className="min-w-0 grow basis-48">
        <h2 className="text-sm font-semibold">{title}</h2>
        {description ? <p className="text-[13px] text-soft">{description}</p> : null}
      </div>
      {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
    </header>
  );
}
