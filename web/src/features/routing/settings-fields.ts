import type { RoutingChange } from './routing-queries';

/** Amounts are texts on the wire, all else is a number. */
type NumberName = Exclude<keyof RoutingChange, 'policy' | 'probes'>;

export type NumberField = { name: NumberName; unit: 'count' | 'ms' | 's' | 'percent' | 'times' | 'usd' };

export type FieldGroup = {
  name: 'attempts' | 'breaker' | 'rests' | 'hedges' | 'queue' | 'probes';
  fields: NumberField[];
};

/** All numbers of the settings, in the order and with the units in which they are shown. */
export const fieldGroups: readonly FieldGroup[] = [
  {
    name: 'attempts',
    fields: [
      { name: 'attempts_max', unit: 'count' },
      { name: 'attempts_within_ms', unit: 'ms' },
      { name: 'retry_share_bp', unit: 'percent' },
      { name: 'retries_min', unit: 'count' },
    ],
  },
  {
    name: 'breaker',
    fields: [
      { name: 'breaker_failures', unit: 'count' },
      { name: 'breaker_share_bp', unit: 'percent' },
      { name: 'breaker_samples', unit: 'count' },
      { name: 'breaker_rest_ms', unit: 'ms' },
      { name: 'breaker_rest_max_ms', unit: 'ms' },
    ],
  },
  {
    name: 'rests',
    fields: [
      { name: 'cooldown_max_ms', unit: 'ms' },
      { name: 'credential_rest_ms', unit: 'ms' },
      { name: 'quota_rest_ms', unit: 'ms' },
    ],
  },
  {
    name: 'hedges',
    fields: [
      { name: 'hedge_min_ms', unit: 'ms' },
      { name: 'hedge_max_ms', unit: 'ms' },
      { name: 'slow_first_token_times', unit: 'times' },
    ],
  },
  {
    name: 'queue',
    fields: [
      { name: 'queue_max', unit: 'count' },
      { name: 'queue_user_max', unit: 'count' },
      { name: 'queue_wait_ms', unit: 'ms' },
      { name: 'wait_usd_per_hour', unit: 'usd' },
    ],
  },
  { name: 'probes', fields: [{ name: 'probe_every_seconds', unit: 's' }] },
];

export const numberFields = fieldGroups.flatMap((group) => group.fields);

export const policies = ['weighted', 'least_loaded', 'cheapest', 'fifo', 'sticky'] as const;

export type Policy = (typeof policies)[number];
