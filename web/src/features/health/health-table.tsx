import { useTranslations } from 'use-intl';
import { Table, Td, Th, Tr } from '@/components/ui/table';
import { useTime } from '@/i18n/use-time';
import { type ChannelHealth, samplesOf } from './health-queries';
import { IncidentList } from './incident-list';
import { StatusMark } from './status-glyph';

/** The same day in figures; half hours of which nothing is known are only counted. */
export function HealthTable({ channels }: { channels: readonly ChannelHealth[] }) {
  const t = useTranslations('health');
  return (
    <Table label={t('tableLabel')}>
      <thead>
        <tr>
          <Th>{t('halfHour')}</Th>
          <Th>{t('state')}</Th>
          <Th className="text-right">{t('samples')}</Th>
          <Th className="text-right">{t('available')}</Th>
          <Th className="text-right">{t('slow')}</Th>
          <Th className="text-right">{t('empty')}</Th>
          <Th className="text-right">{t('degraded')}</Th>
          <Th className="text-right">{t('down')}</Th>
          <Th className="text-right">{t('ttft')}</Th>
        </tr>
      </thead>
      {channels.map((channel) => (
        <ChannelBody key={channel.id} channel={channel} />
      ))}
    </Table>
  );
}

function ChannelBody({ channel }: { channel: ChannelHealth }) {
  const t = useTranslations('health');
  const { moment, duration } = useTime();
  const known = channel.windows.filter((window) => window.status !== 'none').toReversed();
  return (
    <tbody className="tabular-nums">
      <tr className="border-b border-line bg-ground">
        <th scope="rowgroup" colSpan={9} className="px-4 py-1.5 text-left font-medium">
          {channel.name}
          <span className="ml-3 text-xs font-normal text-faint">
            {t('unknownCount', { count: channel.windows.length - known.length })}
          </span>
          <IncidentList incidents={channel.incidents} />
        </th>
      </tr>
      {known.map((window) => (
        <Tr key={window.starts_at}>
          <Td className="whitespace-nowrap">{moment(window.starts_at)}</Td>
          <Td>
            <span className="flex items-center gap-2 whitespace-nowrap">
              <StatusMark status={window.status} /> {t(`status.${window.status}`)}
            </span>
          </Td>
          <Td className="text-right">{samplesOf(window)}</Td>
          <Td className="text-right">{window.available}</Td>
          <Td className="text-right">{window.slow}</Td>
          <Td className="text-right">{window.empty}</Td>
          <Td className="text-right">{window.failed}</Td>
          <Td className="text-right">{window.down}</Td>
          <Td className="text-right">{window.ttft_ms === null ? '–' : duration(window.ttft_ms)}</Td>
        </Tr>
      ))}
    </tbody>
  );
}
