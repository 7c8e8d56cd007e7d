import { describe, expect, it } from 'vitest';
import { type Rule, swapped } from './affinity-queries';
import { emptyRule, presets } from './presets';
import { bodyOf, ruleSchema, valuesOf } from './rule-form';

const rule = (id: string, position: number) => ({ id, position, version: 1 }) as Rule;

describe('rule form', () => {
  it.each(presets)('takes the preset $key as it is', ({ rule: preset }) => {
    const values = valuesOf(preset);
    expect(ruleSchema.safeParse(values).success).toBe(true);
    expect(bodyOf(values)).toMatchObject({ ...preset, enabled: true });
  });

  it('asks for a name and a source', () => {
    const result = ruleSchema.safeParse(valuesOf(emptyRule));
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual(['name', 'source']);
  });

  it('says null for what is left empty, so that it is taken away', () => {
    expect(bodyOf(valuesOf({ ...emptyRule, name: 'x', source: 'prefix' }))).toMatchObject({
      path: null, model: null, unbind_after_ms: null,
    });
  });
});

describe('order', () => {
  it('changes the places of two rules', () => {
    expect(swapped(rule('b', 20), rule('a', 10)).map(([each, position]) => [each.id, position]))
      .toEqual([['b', 10], ['a', 20]]);
  });

  it('parts rules of one position', () => {
    expect(swapped(rule('b', 10), rule('a', 10)).map(([each, position]) => [each.id, position])).toEqual([['a', 11]]);
  });
});
