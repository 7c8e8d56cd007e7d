import { useNavigate } from '@tanstack/react-router';
import { LogOut, UserRound } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Menu, MenuItem, MenuLabel } from '@/components/ui/menu';
import { toast } from '@/components/ui/toast';
import { useLogout, useMe } from '@/features/sessions/session-queries';
import { useProblemText } from '@/i18n/problem-text';

export function AccountMenu() {
  const t = useTranslations('shell');
  const me = useMe();
  const say = useProblemText();
  const logout = useLogout();
  const navigate = useNavigate();
  const leave = () =>
    logout.mutate(undefined, {
      onSuccess: () => navigate({ to: '/login', replace: true }),
      onError: (fault) => toast(say(fault), true),
    });
  return (
    <Menu
      label={t('account')}
      trigger={
        <Button look="quiet" aria-label={t('accountOf', { email: me.email })}>
          <UserRound className="size-4" aria-hidden />
          <span className="max-w-44 truncate max-sm:hidden">{me.email}</span>
        </Button>
      }
    >
      <MenuLabel>
        <span className="block truncate text-[13px] text-ink">{me.email}</span>
        {t(`roles.${me.role}`)}
      </MenuLabel>
      <MenuItem onSelect={leave}>
        <LogOut className="size-4 text-faint" aria-hidden /> {t('signOut')}
      </MenuItem>
    </Menu>
  );
}
