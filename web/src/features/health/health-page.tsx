import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Activity, SearchX } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { EmptyState } from '@/components/states/empty-state';
import { ErrorState } from '@/components/states/error-state';
import { Page } from '@/components/states/page';
import { StaleNote } from '@/components/states/stale-note';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Input, Select } from '@/components/ui/control';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Segments } from '@/components/ui/tabs';
import { HealthGrid } from './health-grid';
import { type ChannelHealth, healthChannelsOptions, healthOptions, type HealthStatus } from './health-queries';
import { HealthTable } from './health-table';
import { StatusMark } from './status-glyph';

const route = getRouteApi('/app/health');
const statuses: readonly HealthStatus[] = ['available', 'empty', 'degraded', 'down', 'none'];

export function HealthPage() {
  const t = useTranslations('health');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const health = useQuery(healthOptions);
  const channels = useQuery(healthChannelsOptions);
  const groups = [...new Set(channels.data?.data.flatMap((channel) => channel.groups) ?? [])].toSorted();
  const inGroup = new Set(
    channels.data?.data.filter((channel) => channel.groups.includes(search.group ?? '')).map((channel) => channel.id),
  );
  const shown = (health.data?.data ?? []).filter(
    (channel) =>
      (!search.group || inGroup.has(channel.id)) && channel.name.toLowerCase().includes((search.q ?? '').toLowerCase()),
  );
  const set = (change: typeof search) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <>
          <StaleNote isStale={health.isRefetchError} since={health.dataUpdatedAt} />
          <Segments
            label={t('view')}
            value={search.view ?? 'strip'}
            tabs={[{ value: 'strip', label: t('strip') }, { value: 'table', label: t('table') }]}
            onChange={(view) => set({ view: view === 'table' ? 'table' : undefined })}
          />
        </>
      }
    >
      <div className="flex flex-wrap items-center gap-x-6 gap-y-3">
        <div className="flex grow flex-wrap gap-2">
          <Input
            type="search" aria-label={t('filterName')} placeholder={t('filterName')} className="w-52"
            value={search.q ?? ''} onChange={(event) => set({ q: event.target.value || undefined })}
          />
          {groups.length > 0 ? (
            <Select
              aria-label={t('filterGroup')} className="w-44" value={search.group ?? ''}
              onChange={(event) => set({ group: event.target.value || undefined })}
            >
              <option value="">{t('allGroups')}</option>
              {groups.map((group) => (
                <option key={group}>{group}</option>
              ))}
            </Select>
          ) : null}
        </div>
        <Legend />
      </div>
      <Card>
        {health.isPending ? <SkeletonRows rows={4} className="h-20" /> : null}
        {health.isError && !health.data ? (
          <ErrorState fault={health.error} onRetry={() => void health.refetch()} />
        ) : null}
        {health.data ? (
          <Shown
            all={health.data.data} shown={shown} isTable={search.view === 'table'}
            onClear={() => set({ q: undefined, group: undefined })}
          />
        ) : null}
      </Card>
    </Page>
  );
}

type ShownProps = {
  all: readonly ChannelHealth[];
  shown: readonly ChannelHealth[];
  isTable: boolean;
  onClear: () => void;
};

function Shown({ all, shown, isTable, onClear }: ShownProps) {
  const t = useTranslations('health');
  if (all.length === 0) {
    return <EmptyState icon={Activity} title={t('none')}>{t('noneHint')}</EmptyState>;
  }
  if (shown.length === 0) {
    return <EmptyState icon={SearchX} title={t('noMatch')} action={<Button onClick={onClear}>{t('clear')}</Button>} />;
  }
  return isTable ? <HealthTable channels={shown} /> : <HealthGrid channels={shown} />;
}

function Legend() {
  const t = useTranslations('health');
  return (
    <ul aria-label={t('legend')} className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-soft">
      {statuses.map((status) => (
        <li key={status} className="flex items-center gap-1.5">
          <StatusMark status={status} /> {t(`status.${status}`)}
        </li>
      ))}
    </ul>
  );
}
