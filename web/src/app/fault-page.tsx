import { Link, useRouter } from '@tanstack/react-router';
import { SearchX } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { EmptyState } from '@/components/states/empty-state';
import { ErrorState } from '@/components/states/error-state';
import { Page } from '@/components/states/page';

export function NotFoundPage() {
  const t = useTranslations('states');
  return (
    <Page title={t('notFound')}>
      <EmptyState
        icon={SearchX}
        title={t('notFoundLead')}
        action={
          <Link to="/" className="font-medium text-accent underline underline-offset-4">
            {t('home')}
          </Link>
        }
      />
    </Page>
  );
}

/** For what broke while a page was being drawn or fetched. */
export function FaultPage({ error, reset }: { error: unknown; reset: () => void }) {
  const t = useTranslations('states');
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main>
      <Page title={t('fault')}>
        <ErrorState fault={error} onRetry={retry} />
      </Page>
    </main>
  );
}
