import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';

type Tab<T extends string> = { value: T; label: ReactNode };

type TabsProps<T extends string> = {
  label: string;
  tabs: readonly Tab<T>[];
  value: T;
  onChange: (value: T) => void;
};

/** Two or three views of one thing, side by side; which one is on belongs into the address. */
export function Segments<T extends string>({ label, tabs, value, onChange }: TabsProps<T>) {
  return (
    <div role="group" aria-label={label} className="inline-flex rounded-lg border border-line bg-sunken p-0.5">
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          aria-pressed={tab.value === value}
          onClick={() => onChange(tab.value)}
          className={cn(
            'h-7 rounded-md px-3 text-[13px] font-medium text-soft hover:text-ink',
            tab.value === value && 'bg-raised text-ink shadow-card ring-1 ring-line',
          )}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
