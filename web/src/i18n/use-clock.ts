import { useLocale, useTimeZone } from 'use-intl';
import * as time from '@/lib/time';

/** Moments in the reader's language and zone. */
export function useClock() {
  const locale = useLocale();
  const zone = useTimeZone() ?? 'UTC';
  return {
    clock: (iso: string) => time.clock(iso, locale, zone),
    moment: (iso: string) => time.moment(iso, locale, zone),
  };
}
