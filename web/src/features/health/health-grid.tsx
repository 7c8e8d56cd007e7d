import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useTime } from '@/i18n/use-time';
import { ChannelRow } from './channel-row';
import type { ChannelHealth } from './health-queries';
import type { Cell } from './heat-strip';

const windowsPerMark = 8;

/** Every channel with its strip, under one scale of time. */
export function HealthGrid({ channels }: { channels: readonly ChannelHealth[] }) {
  const t = useTranslations('health');
  const last = (channels[0]?.windows.length ?? 1) - 1;
  const [kept, setKept] = useState<Cell>({ row: 0, column: last });
  const [active, setActive] = useState<Cell | null>(null);
  // Rows may have gone since; the tab stop must be on one that is there.
  const stop = { row: Math.min(kept.row, channels.length - 1), column: Math.min(kept.column, last) };
  const onActive = (cell: Cell | null, isKept: boolean) => {
    setActive(cell);
    if (cell && isKept) {
      setKept(cell);
    }
  };
  return (
    <div role="grid" aria-label={t('gridLabel')} aria-colcount={last + 1} aria-rowcount={channels.length}>
      <TimeScale windows={channels[0]?.windows ?? []} />
      {channels.map((channel, row) => (
        <ChannelRow
          key={channel.id} channel={channel} row={row} rows={channels.length} stop={stop} active={active}
          onActive={onActive}
        />
      ))}
    </div>
  );
}

function TimeScale({ windows }: { windows: ChannelHealth['windows'] }) {
  const { clock } = useTime();
  const marks = windows.filter((_, i) => i % windowsPerMark === 0);
  return (
    <div aria-hidden className="hidden grid-cols-[13rem_1fr_6rem] gap-4 border-b border-line px-4 py-2 md:grid">
      <span />
      <div className="grid grid-cols-6 text-xs text-faint tabular-nums">
        {marks.map((window) => (
          <span key={window.starts_at}>{clock(window.starts_at)}</span>
        ))}
      </div>
      <span />
    </div>
  );
}
