import { describe, expect, it } from 'vitest';
import { numberFields } from './settings-fields';
import { bodyOf, settingsSchema, valuesOf } from './settings-form';

const settings = {
  policy: 'cheapest' as const, probes: true,
  ...Object.fromEntries(numberFields.map(({ name, unit }, i) => [name, unit === 'usd' ? '36.5' : 1000 + i * 7])),
};

describe('routing settings', () => {
  it('come back from the form as they went in', () => {
    const values = valuesOf(settings);
    expect(settingsSchema.safeParse(values).success).toBe(true);
    expect(bodyOf(values)).toEqual(settings);
  });

  it('show amounts without the zeros at their end', () => {
    expect(valuesOf({ ...settings, wait_usd_per_hour: '36.00000000' }).wait_usd_per_hour).toBe('36');
  });

  it('show shares as per cent', () => {
    expect(valuesOf({ ...settings, retry_share_bp: 2050 }).retry_share_bp).toBe('20.5');
  });

  it('refuse what is no number', () => {
    expect(settingsSchema.safeParse({ ...valuesOf(settings), queue_max: 'many' }).success).toBe(false);
  });
});
