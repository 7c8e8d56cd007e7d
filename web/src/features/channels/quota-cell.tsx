import { useQuery } from '@tanstack/react-query';
import { useFormatter, useTranslations } from 'use-intl';
import { Badge } from '@/components/ui/badge';
import { Bar } from '@/components/ui/bar';
import { useTime } from '@/i18n/use-time';
import { type Channel, quotaOptions, type QuotaWindow } from './channels-queries';
import { toneOf, useOf } from './window-use';

/** The quota windows of a channel; the first is the main one. */
export function QuotaCell({ channel }: { channel: Channel }) {
  const t = useTranslations('channels');
  const quota = useQuery({ ...quotaOptions(channel.id), enabled: channel.windows.length > 0 });
  if (channel.windows.length === 0) {
    return <span className="text-faint">{t('noWindows')}</span>;
  }
  if (quota.isError) {
    return <span className="text-xs text-bad">{t('quotaUnknown')}</span>;
  }
  return (
    <ul className="flex flex-col gap-2">
      {(quota.data?.windows ?? []).map((window, i) => (
        <WindowBar key={`${window.period_unit}${window.period_count}${i}`} window={window} isMain={i === 0} />
      ))}
      {quota.isPending
        ? channel.windows.map((window, i) => (
            <li key={`${window.period_unit}${i}`} className="h-8 animate-pulse rounded bg-line" />
          ))
        : null}
      {quota.data?.source === 'ledger' ? <li className="text-xs text-warn">{t('fromLedger')}</li> : null}
    </ul>
  );
}

function WindowBar({ window, isMain }: { window: QuotaWindow; isMain: boolean }) {
  const t = useTranslations('channels');
  const format = useFormatter();
  const { moment } = useTime();
  const use = useOf(window, (value) => format.number(value, { notation: 'compact', maximumFractionDigits: 1 }));
  return (
    <li>
      <p className="flex flex-wrap items-baseline gap-x-2 text-xs">
        <span className={isMain ? 'font-medium' : 'text-soft'}>
          {t(`periods.${window.period_unit}`, { count: window.period_count })}
        </span>
        <span className="text-soft tabular-nums" title={use.exact}>
          {t(`uses.${use.unit}`, { used: use.used, limit: use.limit })}
        </span>
        <span className="ml-auto text-faint tabular-nums">
          {window.left_bp <= 0 ? (
            <Badge tone="bad">{t('restsUntil', { time: moment(window.ends_at) })}</Badge>
          ) : (
            t('until', { time: moment(window.ends_at) })
          )}
        </span>
      </p>
      <Bar bp={10_000 - window.left_bp} tone={toneOf(window.left_bp)} className="mt-1" />
    </li>
  );
}
