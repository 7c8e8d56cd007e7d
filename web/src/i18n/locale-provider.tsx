import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { IntlProvider } from 'use-intl';
import en from './en.json';
import { keepLocale, type Locale, type Messages, messagesOf } from './locale';

type LocaleChoice = { locale: Locale; choose: (locale: Locale) => void };

const Choice = createContext<LocaleChoice>({ locale: 'en', choose: () => undefined });

export const useLocaleChoice = () => useContext(Choice);

type Props = { first: Locale; firstMessages?: Messages; children: ReactNode };

export function LocaleProvider({ first, firstMessages = en, children }: Props) {
  const [shown, setShown] = useState({ locale: first, messages: firstMessages });
  useEffect(() => {
    document.documentElement.lang = shown.locale === 'zh' ? 'zh-CN' : 'en';
  }, [shown.locale]);
  const choice = useMemo<LocaleChoice>(
    () => ({
      locale: shown.locale,
      // The page changes when the words are there, never to half of them.
      choose: (locale) => {
        keepLocale(locale);
        void messagesOf(locale).then((messages) => setShown({ locale, messages }));
      },
    }),
    [shown.locale],
  );
  return (
    <Choice value={choice}>
      <IntlProvider
        locale={shown.locale}
        messages={shown.messages}
        timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}
      >
        {children}
      </IntlProvider>
    </Choice>
  );
}
