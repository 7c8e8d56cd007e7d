import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

type EmptyStateProps = { icon: LucideIcon; title: ReactNode; children?: ReactNode; action?: ReactNode };

/** Nothing there yet: one sentence on what would be, and the one thing to do. */
export function EmptyState({ icon: Icon, title, children, action }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center gap-1.5 px-6 py-14 text-center">
      <Icon className="mb-1 size-7 text-faint" aria-hidden />
      <p className="text-[15px] font-semibold">{title}</p>
      {children ? <p className="max-w-md text-[13px] text-soft">{children}</p> : null}
      {action ? <div className="mt-3">{action}</div> : null}
    </div>
  );
}
