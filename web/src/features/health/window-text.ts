import { useTranslations } from 'use-intl';
import { useTime } from '@/i18n/use-time';
import { type HealthWindow, samplesOf } from './health-queries';

const halfHourMs = 1_800_000;

export const endOf = (window: HealthWindow) => new Date(Date.parse(window.starts_at) + halfHourMs).toISOString();

/** A half hour in words: for the line beneath the strip, and for who cannot see the strip. */
export function useWindowText() {
  const t = useTranslations('health');
  const { clock, duration } = useTime();
  const span = (window: HealthWindow) => `${clock(window.starts_at)}–${clock(endOf(window))}`;
  const counts = (window: HealthWindow) => [
    { name: t('samples'), value: String(samplesOf(window)) },
    { name: t('available'), value: String(window.available) },
    { name: t('slow'), value: String(window.slow) },
    { name: t('empty'), value: String(window.empty) },
    { name: t('degraded'), value: String(window.failed) },
    { name: t('down'), value: String(window.down) },
    { name: t('ttft'), value: window.ttft_ms === null ? '–' : duration(window.ttft_ms) },
  ];
  const sentence = (window: HealthWindow) => {
    const head = `${span(window)}, ${t(`status.${window.status}`)}`;
    return window.status === 'none'
      ? head
      : `${head}; ${counts(window).map(({ name, value }) => `${name} ${value}`).join(', ')}`;
  };
  return { span, counts, sentence };
}
