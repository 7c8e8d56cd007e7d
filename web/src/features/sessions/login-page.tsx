import { useNavigate } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { type FormEvent, useEffect, useRef } from 'react';
import { useTranslations } from 'use-intl';
import { LocaleMenu } from '@/app/locale-menu';
import { Mark } from '@/app/mark';
import { ThemeMenu } from '@/app/theme-menu';
import { Button } from '@/components/ui/button';
import { Input } from '@/components/ui/control';
import { Field } from '@/components/ui/field';
import { useProblemText } from '@/i18n/problem-text';
import { useLogin } from './session-queries';

/** Only a path of our own: an address elsewhere must not come in through a link. */
const safe = (next: string | undefined) => (next && /^\/(?![/\\])/.test(next) ? next : '/');

export function LoginPage({ next }: { next: string | undefined }) {
  const t = useTranslations('login');
  const say = useProblemText();
  const login = useLogin();
  const navigate = useNavigate();
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = `${t('title')} · TokenHub`;
  }, [t]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    login.mutate(
      { email: String(form.get('email')).trim(), password: String(form.get('password')) },
      {
        onSuccess: () => navigate({ href: safe(next), replace: true }),
        onError: () => password.current?.select(),
      },
    );
  };

  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex justify-end gap-1 p-3">
        <LocaleMenu />
        <ThemeMenu />
      </header>
      <main className="flex grow flex-col items-center justify-center px-4 pb-24">
        <div className="mb-6 flex flex-col items-center gap-3 text-center">
          <Mark className="size-11" />
          <div>
            <h1 className="text-xl font-semibold tracking-tight">{t('heading')}</h1>
            <p className="mt-0.5 text-[13px] text-soft">{t('lead')}</p>
          </div>
        </div>
        <form
          onSubmit={submit}
          className="flex w-full max-w-sm flex-col gap-4 rounded-xl border border-line bg-raised p-6 shadow-card"
        >
          {login.isError ? (
            <p role="alert" className="flex items-center gap-2 rounded-md bg-bad-soft px-3 py-2 text-[13px] text-bad">
              <CircleAlert className="size-4 shrink-0" aria-hidden /> {say(login.error)}
            </p>
          ) : null}
          <Field label={t('email')}>
            {/* No type="email": the first admin is admin@localhost, which that type may refuse. */}
            {(control) => (
              <Input
                {...control} name="email" inputMode="email" autoComplete="username" autoCapitalize="none"
                spellCheck={false} required
              />
            )}
          </Field>
          <Field label={t('password')}>
            {(control) => (
              <Input
                {...control} ref={password} name="password" type="password" autoComplete="current-password" required
              />
            )}
          </Field>
          <Button type="submit" look="primary" busy={login.isPending} className="mt-1 h-9 w-full">
            {t('submit')}
          </Button>
        </form>
        <p className="mt-4 max-w-sm text-center text-xs text-faint">{t('firstHint')}</p>
      </main>
    </div>
  );
}
