/**
 * Amounts are decimal strings from end to end; nothing here makes a number of one. A unit is the eighth decimal of a
 * dollar, counted in a bigint.
 */
const decimals = 8;
const shape = /^(-?)(\d+)(?:\.(\d{1,8}))?$/;

/** Units of an amount; throws on what is no amount. */
export function unitsOf(amount: string): bigint {
  const match = shape.exec(amount);
  if (!match) {
    throw new Error(`not an amount: ${amount}`);
  }
  const [, sign, whole, part = ''] = match;
  const units = BigInt(`${whole}${part.padEnd(decimals, '0')}`);
  return sign ? -units : units;
}

/** The amount with all eight decimals. */
export function amountOf(units: bigint): string {
  const text = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  return `${units < 0n ? '-' : ''}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

/** An amount as a person writes it: without the zeros at its end. */
export const plain = (amount: string) => (amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount);

export const add = (...amounts: string[]) => amountOf(amounts.reduce((sum, amount) => sum + unitsOf(amount), 0n));

/**
 * For the eye: two decimals, or as many up to six as it takes to show something of a small amount. Rounded half away
 * from zero; the full amount belongs into the title beside it.
 */
export function shown(amount: string): string {
  const units = unitsOf(amount);
  const size = units < 0n ? -units : units;
  let digits = 2;
  while (digits < 6 && size !== 0n && size < 10n ** BigInt(decimals - digits + 1)) {
    digits += 1;
  }
  const step = 10n ** BigInt(decimals - digits);
  const rounded = ((size + step / 2n) / step) * step;
  const [whole = '0', part = ''] = amountOf(rounded).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${units < 0n && rounded > 0n ? '-' : ''}${grouped}.${part.slice(0, digits)}`;
}

export const shownUsd = (amount: string) => {
  const text = shown(amount);
  return text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`;
};

/** How much of the whole a part is, in hundredths of a per cent, for the length of a bar. */
export function shareBp(part: string, whole: string): number {
  const all = unitsOf(whole);
  return all <= 0n ? 0 : Number((unitsOf(part) * 10_000n) / all);
}
