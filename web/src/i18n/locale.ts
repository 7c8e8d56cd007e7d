import en from './en.json';

export type Locale = 'en' | 'zh';
export type Messages = typeof en;

export const locales: readonly Locale[] = ['en', 'zh'];
const key = 'tokenhub.locale';
const isLocale = (text: string | null | undefined): text is Locale => text === 'en' || text === 'zh';

/** What was chosen before, else what the browser asks for. */
export function firstLocale(): Locale {
  const chosen = localStorage.getItem(key);
  if (isLocale(chosen)) {
    return chosen;
  }
  const asked = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLocale);
  return asked ?? 'en';
}

export const keepLocale = (locale: Locale) => localStorage.setItem(key, locale);

/** English is at hand; the other language is fetched by those who read it. */
export async function messagesOf(locale: Locale): Promise<Messages> {
  return locale === 'zh' ? (await import('./zh.json')).default : en;
}
