import { type ReactNode, useId } from 'react';
import { cn } from '@/lib/cn';

type ControlProps = { id: string; 'aria-invalid'?: true; 'aria-describedby'?: string };

type FieldProps = {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string;
  children: (control: ControlProps) => ReactNode;
};

/** A label, its control, and beneath it what helps or what is wrong, tied together for screen readers. */
export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId();
  const about = error || hint ? `${id}-about` : undefined;
  return (
    <div className={cn('flex min-w-0 flex-col gap-1', className)}>
      <label htmlFor={id} className="text-[13px] font-medium text-ink">
        {label}
      </label>
      {children({
        id,
        ...(error ? { 'aria-invalid': true as const } : {}),
        ...(about ? { 'aria-describedby': about } : {}),
      })}
      {error ? (
        <p id={about} className="text-xs text-bad">
          {error}
        </p>
      ) : hint ? (
        <p id={about} className="text-xs text-faint">
          {hint}
        </p>
      ) : null}
    </div>
  );
}

type CheckFieldProps = { label: ReactNode; hint?: ReactNode; children: (control: { id: string }) => ReactNode };

/** The same for a box that is ticked or a switch: the control stands in front. */
export function CheckField({ label, hint, children }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <span className="flex h-5 items-center">{children({ id })}</span>
      <span className="min-w-0">
        <label htmlFor={id} className="text-[13px] font-medium">
          {label}
        </label>
        {hint ? <p className="text-xs text-faint">{hint}</p> : null}
      </span>
    </div>
  );
}
