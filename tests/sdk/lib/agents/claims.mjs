// Says what a strict target would refuse. A rule that does not hold throws; the upstream answers 400 with its words and
// keeps them for the test's report.

export class Refused extends Error {}

export function claim(holds, what) {
  if (!holds) {
    throw new Refused(what);
  }
}

export const isText = (value) => typeof value === 'string' && value.length > 0;

export function onlyKeys(object, keys, where) {
  const other = Object.keys(object).filter((key) => !keys.includes(key));
  claim(other.length === 0, `${where}: Unknown field: ${other.join(', ')}`);
}

/** No carrier of another issuer's secret may ever reach a provider. */
export function noCarriers(body) {
  claim(!body.includes('"th1.'), 'the request carries an opaque item of another issuer');
}
