// Money as the product counts it: whole units of 1e-8 dollars. No amount ever becomes a JavaScript number.

const unitsPerDollar = 100_000_000n;
const tokensPerPrice = 1_000_000n;

/** "1.25000000" to 125000000n; refuses anything that is not exactly eight decimals. */
export function units(text) {
  const match = /^(-?)(\d+)\.(\d{8})$/.exec(text);
  if (!match) {
    throw new TypeError(`not an amount with eight decimals: ${JSON.stringify(text)}`);
  }
  const value = BigInt(match[2]) * unitsPerDollar + BigInt(match[3]);
  return match[1] ? -value : value;
}

export function dollars(value) {
  const size = value < 0n ? -value : value;
  const text = `${size / unitsPerDollar}.${(size % unitsPerDollar).toString().padStart(8, '0')}`;
  return value < 0n ? `-${text}` : text;
}

/** The charge for tokens by class: one sum, one division, rounded half up, at least one unit. */
export function charge(price, usage) {
  const fresh = usage.input - (usage.cacheRead ?? 0) - (usage.cacheWrite5m ?? 0) - (usage.cacheWrite1h ?? 0);
  const sum = BigInt(fresh) * units(price.input)
    + BigInt(usage.cacheRead ?? 0) * units(price.cache_read)
    + BigInt(usage.cacheWrite5m ?? 0) * units(price.cache_write_5m)
    + BigInt(usage.cacheWrite1h ?? 0) * units(price.cache_write_1h)
    + BigInt(usage.output) * units(price.output);
  if (sum <= 0n) {
    return 0n;
  }
  const rounded = (sum + tokensPerPrice / 2n) / tokensPerPrice;
  return rounded > 0n ? rounded : 1n;
}

/** Does the arithmetic of a request's formula again: what it comes to, and what it says it comes to. */
export function evaluateFormula(text) {
  if (/^0 = /.test(text)) {
    return { computed: 0n, stated: units(text.slice(4)) };
  }
  const match = /^(max\()?\(([^()]+)\) \/ 1000000(?:, 0\.00000001\))? = (\S+)$/.exec(text);
  if (!match) {
    throw new TypeError(`a formula nobody can do again: ${text}`);
  }
  let sum = 0n;
  for (const term of match[2].split(' + ')) {
    const [tokens, price] = term.split(' * ');
    sum += BigInt(tokens) * units(price);
  }
  const rounded = (sum + tokensPerPrice / 2n) / tokensPerPrice;
  return { computed: match[1] && rounded < 1n ? 1n : rounded, stated: units(match[3]) };
}
