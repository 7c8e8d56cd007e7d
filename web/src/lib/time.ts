const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

type Unit = (typeof units)[number][0] | 'millisecond';

const said = (count: number, unit: Unit, locale: string) =>
  new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(count);

/** A length of time in its largest whole units, two at most: "1 hr 30 min", "2.5 sec", "400 ms". */
export function duration(ms: number, locale: string): string {
  if (ms < 1000) {
    return said(ms, 'millisecond', locale);
  }
  if (ms < 60_000) {
    return said(ms / 1000, 'second', locale);
  }
  const parts: string[] = [];
  let left = ms;
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    if (count > 0 && parts.length < 2) {
      parts.push(said(count, unit, locale));
      left -= count * size;
    }
  }
  return parts.join(' ');
}

/** Hours and minutes in the reader's own zone. */
export function clock(iso: string, locale: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone })
    .format(new Date(iso));
}

/** Day, hours and minutes in the reader's own zone. */
export function moment(iso: string, locale: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale, {
    month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone,
  }).format(new Date(iso));
}
