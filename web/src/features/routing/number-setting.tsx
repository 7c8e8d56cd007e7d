import { useId } from 'react';
import { type UseFormReturn, useWatch } from 'react-hook-form';
import { useTranslations } from 'use-intl';
import { UnitInput } from '@/components/ui/control';
import { useTime } from '@/i18n/use-time';
import { useErrorText } from '@/lib/form-errors';
import type { NumberField } from './settings-fields';
import type { SettingsValues } from './settings-form';

type NumberSettingProps = { field: NumberField; form: UseFormReturn<SettingsValues> };

/** What a length of time is in larger units, where that is easier to read. */
function msOf({ unit }: NumberField, text: string): number {
  const factor = unit === 's' ? 1000 : unit === 'ms' ? 1 : 0;
  return Number(text) * factor;
}

/** One row: what it is on the left, its value with its unit on the right. */
export function NumberSetting({ field, form }: NumberSettingProps) {
  const t = useTranslations('routing');
  const errorText = useErrorText();
  const id = useId();
  const error = errorText(form.formState.errors[field.name]?.message);
  const { duration } = useTime();
  const ms = msOf(field, useWatch({ control: form.control, name: field.name }));
  return (
    <div className="grid grid-cols-[1fr_8.5rem] items-start gap-x-4 px-4 py-2.5">
      <div className="min-w-0 pt-1">
        <label htmlFor={id} className="text-[13px] font-medium">
          {t(`fields.${field.name}`)}
        </label>
        <p className="text-xs text-faint">{t(`fieldHints.${field.name}`)}</p>
      </div>
      <div>
        <UnitInput
          id={id} unit={t(`units.${field.unit}`)} aria-describedby={`${id}-about`}
          aria-invalid={error ? true : undefined}
          {...form.register(field.name)}
        />
        <p id={`${id}-about`} className={error ? 'mt-1 text-xs text-bad' : 'mt-0.5 pr-1 text-right text-xs text-faint'}>
          {error ?? (ms >= 1000 ? duration(ms) : '')}
        </p>
      </div>
    </div>
  );
}
