import { useQuery } from '@tanstack/react-query';
import { Layers } from 'lucide-react';
import { useFormatter, useTranslations } from 'use-intl';
import { EmptyState } from '@/components/states/empty-state';
import { ErrorState } from '@/components/states/error-state';
import { Page } from '@/components/states/page';
import { Badge } from '@/components/ui/badge';
import { Card } from '@/components/ui/card';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Table, Td, Th, Tr } from '@/components/ui/table';
import { type Group, groupsOptions } from './groups-queries';

export function GroupsPage() {
  const t = useTranslations('groups');
  const groups = useQuery(groupsOptions);
  return (
    <Page title={t('title')} lead={t('lead')}>
      <Card>
        {groups.isPending ? <SkeletonRows rows={3} className="h-13" /> : null}
        {groups.isError && !groups.data ? (
          <ErrorState fault={groups.error} onRetry={() => void groups.refetch()} />
        ) : null}
        {groups.data?.length === 0 ? (
          <EmptyState icon={Layers} title={t('none')}>
            {t('noneHint')}
          </EmptyState>
        ) : null}
        {groups.data && groups.data.length > 0 ? <GroupsTable groups={groups.data} /> : null}
      </Card>
    </Page>
  );
}

function GroupsTable({ groups }: { groups: readonly Group[] }) {
  const t = useTranslations('groups');
  const format = useFormatter();
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          <Th>{t('name')}</Th>
          <Th>{t('policy')}</Th>
          <Th className="text-right">{t('factor')}</Th>
          <Th>{t('users')}</Th>
          <Th>{t('limits')}</Th>
          <Th>{t('ways')}</Th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <Tr key={group.name}>
            <Td>
              <span className="block font-medium">{group.name}</span>
              <span className="font-mono text-xs text-faint">/{group.name}/v1/…</span>
            </Td>
            <Td>{t(`policies.${group.policy}`)}</Td>
            <Td className="text-right tabular-nums">× {group.price_factor}</Td>
            <Td>
              {!group.user_ids || group.user_ids.length === 0
                ? t('everybody')
                : t('userCount', { count: group.user_ids.length })}
            </Td>
            <Td className="text-xs tabular-nums">
              {group.rpm == null && group.tpm == null ? '–' : null}
              {group.rpm == null ? null : (
                <span className="block">{t('rpm', { count: format.number(group.rpm) })}</span>
              )}
              {group.tpm == null ? null : (
                <span className="block">{t('tpm', { count: format.number(group.tpm) })}</span>
              )}
            </Td>
            <Td>
              <span className="flex flex-wrap gap-1">
                {group.in_common ? <Badge>{t('inCommon')}</Badge> : <Badge tone="note">{t('apart')}</Badge>}
                {group.hedges ? <Badge tone="accent">{t('hedges')}</Badge> : null}
              </span>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
