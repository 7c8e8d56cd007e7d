import { useLocale, useTimeZone } from 'use-intl';
import * as time from '@/lib/time';

/** Moments and lengths of time in the reader's language and zone. */
export function useTime() {
  const locale = useLocale();
  const zone = useTimeZone() ?? 'UTC';
  return {
    clock: (iso: string) => time.clock(iso, locale, zone),
    moment: (iso: string) => time.moment(iso, locale, zone),
    duration: (ms: number) => time.duration(ms, locale),
  };
}
