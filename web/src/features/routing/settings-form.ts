import { amount, bpOf, percent, percentOf, wholeNumber, z } from '@/lib/form-schema';
import { plain } from '@/lib/money';
import type { RoutingSettings } from './routing-queries';
import { numberFields, policies, type NumberField } from './settings-fields';

type NumberName = NumberField['name'];
export type SettingsValues = { policy: (typeof policies)[number]; probes: boolean } & Record<NumberName, string>;

const numbers = Object.fromEntries(
  numberFields.map(({ name, unit }) => [name, unit === 'percent' ? percent : unit === 'usd' ? amount : wholeNumber]),
) as Record<NumberName, typeof wholeNumber>;

export const settingsSchema = z.object({ policy: z.enum(policies), probes: z.boolean(), ...numbers });

export const settingNames = Object.keys(settingsSchema.shape);

export function valuesOf(settings: RoutingSettings): SettingsValues {
  const texts = numberFields.map(({ name, unit }) => {
    const value = settings[name] ?? 0;
    return [name, unit === 'percent' ? percentOf(Number(value)) : unit === 'usd' ? plain(String(value)) : String(value)];
  });
  return {
    policy: settings.policy ?? 'weighted',
    probes: settings.probes ?? false,
    ...(Object.fromEntries(texts) as Record<NumberName, string>),
  };
}

/** All of them: the server takes what is left out for the usual. */
export function bodyOf(values: SettingsValues): RoutingSettings {
  const entries = numberFields.map(({ name, unit }) => [
    name,
    unit === 'percent' ? bpOf(values[name]) : unit === 'usd' ? values[name].trim() : Number(values[name]),
  ]);
  return { policy: values.policy, probes: values.probes, ...(Object.fromEntries(entries) as RoutingSettings) };
}
