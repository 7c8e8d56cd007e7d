import { useTranslations } from 'use-intl';
import { useAllows } from '@/features/sessions/session-queries';
import { useTime } from '@/i18n/use-time';
import { type ChannelHealth, type HealthWindow, totalsOf } from './health-queries';
import { type Cell, HeatStrip } from './heat-strip';
import { StatusMark } from './status-glyph';
import { TestButton } from './test-button';
import { useWindowText } from './window-text';

type ChannelRowProps = {
  channel: ChannelHealth;
  row: number;
  rows: number;
  stop: Cell;
  active: Cell | null;
  onActive: (cell: Cell | null, isKept: boolean) => void;
};

export function ChannelRow({ channel, row, rows, stop, active, onActive }: ChannelRowProps) {
  const t = useTranslations('health');
  const { duration } = useTime();
  const canTest = useAllows('changeChannels');
  const chosen = active?.row === row ? channel.windows[active.column] : undefined;
  return (
    <div
      role="row"
      className={
        'grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-1.5 border-b border-line px-4 py-3 '
        + 'last:border-0 md:grid-cols-[13rem_1fr_6rem]'
      }
    >
      <div role="rowheader" className="flex min-w-0 items-center gap-2.5">
        <StatusMark status={channel.status} className="size-5" />
        <span className="min-w-0">
          <span className="block truncate text-[13px] font-medium" title={channel.name}>
            {channel.name}
          </span>
          <span className="block text-xs text-soft">
            {t(`status.${channel.status}`)}
            {channel.ttft_ms === null ? '' : ` · ${duration(channel.ttft_ms)}`}
          </span>
        </span>
      </div>
      <div role="presentation" className="max-md:order-3 max-md:col-span-2">
        <HeatStrip
          row={row} rows={rows} windows={channel.windows} stop={stop} active={active} onActive={onActive}
        />
      </div>
      <div role="gridcell" className="justify-self-end">
        {canTest ? <TestButton id={channel.id} name={channel.name} /> : null}
      </div>
      <div role="presentation" className="min-h-4.5 max-md:order-4 max-md:col-span-2 md:col-start-2">
        <div role="gridcell" className="text-xs text-soft tabular-nums">
          {chosen ? <WindowLine window={chosen} /> : <DayLine channel={channel} />}
        </div>
      </div>
    </div>
  );
}

function WindowLine({ window }: { window: HealthWindow }) {
  const t = useTranslations('health');
  const { span, counts } = useWindowText();
  return (
    <p className="flex flex-wrap gap-x-3">
      <span className="font-medium text-ink">{span(window)}</span>
      <span>{window.is_probed ? t('probed') : t(`status.${window.status}`)}</span>
      {window.status === 'none'
        ? null
        : counts(window).map(({ name, value }) => (
            <span key={name}>
              {name} <span className="text-ink">{value}</span>
            </span>
          ))}
    </p>
  );
}

function DayLine({ channel }: { channel: ChannelHealth }) {
  const t = useTranslations('health');
  const { samples, available } = totalsOf(channel.windows);
  return <p>{samples === 0 ? t('dayNothing') : t('day', { samples, share: available / samples })}</p>;
}
