import { describe, expect, it } from 'vitest';
import { add, amountOf, shareBp, shown, shownUsd, unitsOf } from './money';

describe('money', () => {
  it.each([
    ['0.10000000', 10_000_000n],
    ['-1', -100_000_000n],
    ['90071992.54740993', 9_007_199_254_740_993n],
  ])('reads %s to the last unit', (text, units) => {
    expect(unitsOf(text)).toBe(units);
  });

  it.each(['', '1e3', '1.123456789', '.5', ' 1', 'NaN'])('refuses %j', (text) => {
    expect(() => unitsOf(text)).toThrow('not an amount');
  });

  it('adds what floats cannot', () => {
    expect(add('0.1', '0.2')).toBe('0.30000000');
    expect(add('90071992.54740993', '0.00000001')).toBe('90071992.54740994');
  });

  it.each([
    ['0.00000000', '0.00'],
    ['0.00310000', '0.0031'],
    ['0.00000001', '0.000000'],
    ['12.345', '12.35'],
    ['1234567.5', '1,234,567.50'],
    ['-0.005', '-0.0050'],
  ])('shows %s as %s', (amount, text) => {
    expect(shown(amount)).toBe(text);
  });

  it('puts the sign before the dollar', () => {
    expect(shownUsd('-3.5')).toBe('-$3.50');
  });

  it('keeps amounts through units and back', () => {
    for (let i = 0; i < 500; i += 1) {
      const units = BigInt(Math.floor((Math.random() - 0.5) * Number.MAX_SAFE_INTEGER));
      expect(unitsOf(amountOf(units))).toBe(units);
    }
  });

  it('tells shares without dividing by nothing', () => {
    expect(shareBp('1', '4')).toBe(2500);
    expect(shareBp('1', '0')).toBe(0);
  });
});
