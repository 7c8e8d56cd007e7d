import { amount, bpOf, percent, percentOf, wholeNumber, z } from '@/lib/form-schema';
import { plain } from '@/lib/money';
import type { RoutingChange } from './routing-queries';
import { numberFields, policies, type NumberField } from './settings-fields';

type NumberName = NumberField['name'];
export type SettingsValues = { policy: (typeof policies)[number]; probes: boolean } & Record<NumberName, string>;

const schemas: Partial<Record<NumberField['unit'], typeof wholeNumber>> = { percent, usd: amount };

const numbers = Object.fromEntries(
  numberFields.map(({ name, unit }) => [name, schemas[unit] ?? wholeNumber]),
) as Record<NumberName, typeof wholeNumber>;

export const settingsSchema = z.object({ policy: z.enum(policies), probes: z.boolean(), ...numbers });

export const settingNames = Object.keys(settingsSchema.shape);

function textOf(unit: NumberField['unit'], value: string | number): string {
  return unit === 'percent' ? percentOf(Number(value)) : unit === 'usd' ? plain(String(value)) : String(value);
}

function valueOf(unit: NumberField['unit'], text: string): string | number {
  return unit === 'percent' ? bpOf(text) : unit === 'usd' ? text.trim() : Number(text);
}

export function valuesOf(settings: RoutingChange): SettingsValues {
  const texts = numberFields.map(({ name, unit }) => [name, textOf(unit, settings[name] ?? 0)]);
  return {
    policy: settings.policy ?? 'weighted',
    probes: settings.probes ?? false,
    ...(Object.fromEntries(texts) as Record<NumberName, string>),
  };
}

/** All of them: the server takes what is left out for the usual. */
export function bodyOf(values: SettingsValues): RoutingChange {
  const entries = numberFields.map(({ name, unit }) => [name, valueOf(unit, values[name])]);
  return { policy: values.policy, probes: values.probes, ...(Object.fromEntries(entries) as RoutingChange) };
}
