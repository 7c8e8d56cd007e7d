import { optionalText, optionalWhole, requiredText, wholeNumber, z } from '@/lib/form-schema';
import type { NewRule, Rule, RuleChange } from './affinity-queries';

/** What the form holds: texts, as they stand in the inputs. */
export const ruleSchema = z.object({
  name: requiredText,
  path: optionalText,
  model: optionalText,
  source: requiredText,
  ttl_seconds: wholeNumber,
  unbind_after_ms: optionalWhole,
  pinned: z.boolean(),
  enabled: z.boolean(),
});

export type RuleValues = z.infer<typeof ruleSchema>;

export const ruleFields = Object.keys(ruleSchema.shape);

export function valuesOf(rule: Rule | Omit<NewRule, 'position'>): RuleValues {
  return {
    name: rule.name,
    path: rule.path ?? '',
    model: rule.model ?? '',
    source: rule.source,
    ttl_seconds: String(rule.ttl_seconds ?? 3600),
    unbind_after_ms: rule.unbind_after_ms ? String(rule.unbind_after_ms) : '',
    pinned: rule.pinned ?? false,
    enabled: rule.enabled ?? true,
  };
}

export function bodyOf(values: RuleValues): NewRule & RuleChange {
  return {
    name: values.name,
    path: values.path || null,
    model: values.model || null,
    source: values.source,
    ttl_seconds: Number(values.ttl_seconds),
    unbind_after_ms: values.unbind_after_ms ? Number(values.unbind_after_ms) : null,
    pinned: values.pinned,
    enabled: values.enabled,
  };
}
