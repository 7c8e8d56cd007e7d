import { Languages } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Menu, MenuChoice, MenuChoices } from '@/components/ui/menu';
import { type Locale, locales } from '@/i18n/locale';
import { useLocaleChoice } from '@/i18n/locale-provider';

// Each in its own language, so that who cannot read the present one finds his.
const names: Record<Locale, string> = { en: 'English', zh: '简体中文' };

export function LocaleMenu() {
  const t = useTranslations('shell');
  const { locale, choose } = useLocaleChoice();
  return (
    <Menu
      label={t('language')}
      trigger={
        <Button look="quiet" aria-label={t('language')}>
          <Languages className="size-4" aria-hidden />
          <span className="max-sm:hidden">{names[locale]}</span>
        </Button>
      }
    >
      <MenuChoices value={locale} onValueChange={(value) => choose(value as Locale)}>
        {locales.map((each) => (
          <MenuChoice key={each} value={each} lang={each === 'zh' ? 'zh-CN' : 'en'}>
            {names[each]}
          </MenuChoice>
        ))}
      </MenuChoices>
    </Menu>
  );
}
