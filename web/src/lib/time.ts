const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** A length of time in its largest whole units, two at most: "1 h 30 min", "2.5 s", "400 ms". */
export function duration(ms: number): string {
  if (ms < 1000) {
    return `${ms} ms`;
  }
  if (ms < 60_000) {
    return `${Math.round(ms / 100) / 10} s`;
  }
  const parts: string[] = [];
  let left = ms;
  for (const [name, size] of units) {
    const count = Math.floor(left / size);
    if (count > 0 && parts.length < 2) {
      parts.push(`${count} ${name}`);
      left -= count * size;
    }
  }
  return parts.join(' ');
}

export const seconds = (count: number) => duration(count * 1000);

/** What was measured, as short as it can be said: "430 ms", "1.3 s". */
export const latency = (ms: number) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`);

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
