import { describe, expect, it } from 'vitest';
import { bpOf, optionalWhole, percent, percentOf, requiredText, wholeNumber } from './form-schema';

describe('percentages', () => {
  it.each([['0', 0], ['12.5', 1250], ['100', 10_000], ['0.07', 7]])('%s is %d hundredths', (text, bp) => {
    expect(bpOf(text)).toBe(bp);
    expect(percentOf(bp)).toBe(text);
  });

  it('hold two decimals at most', () => {
    expect(percent.safeParse('12.345').success).toBe(false);
    expect(percent.safeParse('ten').success).toBe(false);
  });
});

describe('fields', () => {
  it('know what is required, whole or may be left empty', () => {
    expect(requiredText.safeParse('  ').success).toBe(false);
    expect(wholeNumber.safeParse('').success).toBe(false);
    expect(wholeNumber.safeParse('1.5').success).toBe(false);
    expect(wholeNumber.safeParse(' 30 ').data).toBe('30');
    expect(optionalWhole.safeParse('').success).toBe(true);
    expect(optionalWhole.safeParse('-1').success).toBe(false);
  });
});
