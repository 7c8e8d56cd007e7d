import { useQuery } from '@tanstack/react-query';
import { Plug } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { EmptyState } from '@/components/states/empty-state';
import { ErrorState } from '@/components/states/error-state';
import { Page } from '@/components/states/page';
import { StaleNote } from '@/components/states/stale-note';
import { Card } from '@/components/ui/card';
import { SkeletonRows } from '@/components/ui/skeleton';
import { channelsOptions } from './channels-queries';
import { ChannelsTable } from './channels-table';

export function ChannelsPage() {
  const t = useTranslations('channels');
  const channels = useQuery(channelsOptions);
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={<StaleNote isStale={channels.isRefetchError} since={channels.dataUpdatedAt} />}
    >
      <Card>
        {channels.isPending ? <SkeletonRows rows={4} className="h-16" /> : null}
        {channels.isError && !channels.data ? (
          <ErrorState fault={channels.error} onRetry={() => void channels.refetch()} />
        ) : null}
        {channels.data?.length === 0 ? (
          <EmptyState icon={Plug} title={t('none')}>
            {t('noneHint')}
          </EmptyState>
        ) : null}
        {channels.data && channels.data.length > 0 ? <ChannelsTable channels={channels.data} /> : null}
      </Card>
    </Page>
  );
}
