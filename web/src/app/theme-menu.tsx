import { Monitor, Moon, Sun } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Menu, MenuChoice, MenuChoices } from '@/components/ui/menu';
import { chooseTheme, type Theme, themes, useTheme } from '@/lib/theme';

const icons = { light: Sun, dark: Moon, system: Monitor };

export function ThemeMenu() {
  const t = useTranslations('shell');
  const theme = useTheme();
  const Icon = icons[theme];
  return (
    <Menu
      label={t('theme')}
      trigger={
        <Button look="quiet" size="icon" aria-label={t('theme')}>
          <Icon className="size-4" aria-hidden />
        </Button>
      }
    >
      <MenuChoices value={theme} onValueChange={(value) => chooseTheme(value as Theme)}>
        {themes.map((each) => {
          const Each = icons[each];
          return (
            <MenuChoice key={each} value={each}>
              <Each className="size-4 text-faint" aria-hidden /> {t(`themes.${each}`)}
            </MenuChoice>
          );
        })}
      </MenuChoices>
    </Menu>
  );
}
