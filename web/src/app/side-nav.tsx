import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { useMe } from '@/features/sessions/session-queries';
import { allows } from '@/lib/access';
import { cn } from '@/lib/cn';
import { Mark } from './mark';
import { navGroups } from './nav';

export function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2.5 rounded-md text-[15px] font-semibold tracking-tight">
      <Mark /> TokenHub
    </Link>
  );
}

export function SideNav({ onLeave, className }: { onLeave?: () => void; className?: string }) {
  const t = useTranslations('nav');
  const { role } = useMe();
  return (
    <nav aria-label={t('label')} className={cn('flex flex-col gap-5', className)}>
      {navGroups.map((group) => {
        const items = group.items.filter((item) => item.rights.some((right) => allows(role, right)));
        return items.length === 0 ? null : (
          <div key={group.name}>
            <h2 className="px-2.5 pb-1 text-xs font-medium text-faint">{t(`groups.${group.name}`)}</h2>
            <ul className="flex flex-col gap-0.5">
              {items.map(({ to, name, icon: Icon }) => (
                <li key={to}>
                  <Link
                    to={to}
                    {...(onLeave ? { onClick: onLeave } : {})}
                    className={
                      'flex h-8.5 items-center gap-2.5 rounded-md px-2.5 text-[13px] font-medium '
                      + 'text-soft hover:bg-hover hover:text-ink'
                    }
                    activeProps={{ className: 'bg-accent-soft! text-accent! hover:bg-accent-soft!' }}
                  >
                    <Icon className="size-4" aria-hidden /> {t(name === 'groups' ? 'groupsPage' : name)}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}
