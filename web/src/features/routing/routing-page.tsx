import { getRouteApi } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { ForbiddenPage } from '@/components/states/forbidden-page';
import { Page } from '@/components/states/page';
import { Segments } from '@/components/ui/tabs';
import { useAllows } from '@/features/sessions/session-queries';
import { DryRun } from './dry-run';
import { SettingsPanel } from './settings-panel';

const route = getRouteApi('/app/routing');

/** Two views of the choice of channels: what it would do with a call, and the rules it goes by. */
export function RoutingPage() {
  const t = useTranslations('routing');
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const canExplain = useAllows('explainRoutes');
  const canSee = useAllows('seeRoutingSettings');
  if (!canExplain && !canSee) {
    return <ForbiddenPage title={t('title')} />;
  }
  const isSettings = canSee && (tab === 'settings' || !canExplain);
  return (
    <Page
      title={t('title')}
      lead={isSettings ? t('settingsLead') : t('dryRunLead')}
      actions={
        canExplain && canSee ? (
          <Segments
            label={t('view')}
            value={isSettings ? 'settings' : 'dryRun'}
            tabs={[{ value: 'dryRun', label: t('dryRun') }, { value: 'settings', label: t('settings') }]}
            onChange={(value) =>
              void navigate({ search: value === 'settings' ? { tab: 'settings' } : {}, replace: true })
            }
          />
        ) : null
      }
    >
      {isSettings ? <SettingsPanel /> : <DryRun />}
    </Page>
  );
}
