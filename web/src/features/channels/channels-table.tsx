import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { Badge } from '@/components/ui/badge';
import { CopyText } from '@/components/states/copy-text';
import { Table, Td, Th, Tr } from '@/components/ui/table';
import { type Channel, quotaOptions } from './channels-queries';
import { QuotaCell } from './quota-cell';

const modelsShown = 3;

export function ChannelsTable({ channels }: { channels: readonly Channel[] }) {
  const t = useTranslations('channels');
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          <Th>{t('channel')}</Th>
          <Th>{t('state')}</Th>
          <Th>{t('models')}</Th>
          <Th>{t('groups')}</Th>
          <Th>{t('choosing')}</Th>
          <Th className="w-80">{t('windows')}</Th>
        </tr>
      </thead>
      <tbody>
        {channels.map((channel) => (
          <Tr key={channel.id}>
            <Td className="max-w-60">
              <span className="block truncate font-medium" title={channel.base_url}>
                {channel.name}
              </span>
              <span className="flex items-center gap-1.5 text-xs text-faint">
                {t(`providers.${channel.provider}`)} <CopyText text={channel.id} />
              </span>
            </Td>
            <Td>
              <Badge tone={channel.enabled ? 'good' : 'plain'}>{t(channel.enabled ? 'active' : 'disabled')}</Badge>
            </Td>
            <Td className="max-w-56 font-mono text-xs" title={channel.models.join(', ')}>
              {channel.models.slice(0, modelsShown).map((model) => (
                <span key={model} className="block truncate">
                  {model}
                </span>
              ))}
              {channel.models.length > modelsShown ? (
                <span className="font-sans text-faint">
                  {t('more', { count: channel.models.length - modelsShown })}
                </span>
              ) : null}
            </Td>
            <Td className="text-xs">{channel.groups.length > 0 ? channel.groups.join(', ') : '–'}</Td>
            <Td className="whitespace-nowrap tabular-nums">
              {t('priorityWeight', { priority: channel.priority, weight: channel.weight })}
              <Slots channel={channel} />
            </Td>
            <Td>
              <QuotaCell channel={channel} />
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Slots({ channel }: { channel: Channel }) {
  const t = useTranslations('channels');
  const quota = useQuery({ ...quotaOptions(channel.id), enabled: channel.max_concurrency != null });
  return channel.max_concurrency == null ? null : (
    <span className="block text-xs text-faint">
      {t('slots', { used: String(quota.data?.slots_used ?? '–'), max: channel.max_concurrency })}
    </span>
  );
}
