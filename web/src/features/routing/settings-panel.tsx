import { standardSchemaResolver } from '@hookform/resolvers/standard-schema';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Controller, useForm, type UseFormReturn, useWatch } from 'react-hook-form';
import { useTranslations } from 'use-intl';
import { ProblemError } from '@/api/problem';
import { ErrorState } from '@/components/states/error-state';
import { Button } from '@/components/ui/button';
import { Card, CardHeader } from '@/components/ui/card';
import { Select } from '@/components/ui/control';
import { CheckField, Field } from '@/components/ui/field';
import { FormFault } from '@/components/ui/form-fault';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { toast } from '@/components/ui/toast';
import { useAllows } from '@/features/sessions/session-queries';
import { useProblemText } from '@/i18n/problem-text';
import { useServerErrors } from '@/lib/form-errors';
import { type RoutingSettings, settingsOptions, useFreshSettings, useSaveSettings } from './routing-queries';
import { fieldGroups, policies } from './settings-fields';
import { bodyOf, settingNames, settingsSchema, type SettingsValues, valuesOf } from './settings-form';
import { NumberSetting } from './number-setting';

export function SettingsPanel() {
  const settings = useQuery(settingsOptions);
  if (settings.data) {
    return <SettingsForm settings={settings.data} />;
  }
  return (
    <Card>
      {settings.isError ? (
        <ErrorState fault={settings.error} onRetry={() => void settings.refetch()} />
      ) : (
        <SkeletonRows rows={8} className="h-13" />
      )}
    </Card>
  );
}

function SettingsForm({ settings }: { settings: RoutingSettings }) {
  const t = useTranslations('routing');
  const c = useTranslations('common');
  const canChange = useAllows('changeRoutingSettings');
  const say = useProblemText();
  const place = useServerErrors();
  const save = useSaveSettings();
  const fresh = useFreshSettings();
  const [version, setVersion] = useState(settings.version);
  const form = useForm<SettingsValues>({
    resolver: standardSchemaResolver(settingsSchema),
    // Read once: a refresh in the background must not take away what is being typed.
    defaultValues: valuesOf(settings),
  });
  // Reading dirtyFields has the form keep them: what was typed stays when the rest is renewed.
  const { isDirty, isSubmitting, errors, dirtyFields: _ } = form.formState;
  const show = (now: RoutingSettings, keepDirtyValues = false) => {
    setVersion(now.version);
    form.reset(valuesOf(now), { keepDirtyValues });
  };
  const tell = (fault: unknown) => {
    if (!place(fault, form, settingNames)) {
      form.setError('root', { message: say(fault) });
    }
  };
  const submit = form.handleSubmit(async (values) => {
    try {
      show(await save.mutateAsync({ version, body: bodyOf(values) }));
      toast(t('saved'));
    } catch (fault) {
      if (!(fault instanceof ProblemError && fault.code === 'version_mismatch')) {
        tell(fault);
        return;
      }
      try {
        show(await fresh(), true);
        form.setError('root', { message: t('settingsChangedMeanwhile') });
      } catch (other) {
        tell(other);
      }
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <fieldset disabled={!canChange} className="flex min-w-0 flex-col gap-4">
        <legend className="sr-only">{t('settings')}</legend>
        <FormFault text={errors.root?.message} />
        <PolicyCard form={form} />
        <div className="grid gap-4 lg:grid-cols-2">
          {fieldGroups.map((group) => (
            <Card key={group.name}>
              <CardHeader title={t(`groups.${group.name}`)} description={t(`groupLeads.${group.name}`)} />
              <div className="divide-y divide-line">
                {group.name === 'probes' ? <ProbeSwitch form={form} isDisabled={!canChange} /> : null}
                {group.fields.map((field) => (
                  <NumberSetting key={field.name} field={field} form={form} />
                ))}
              </div>
            </Card>
          ))}
        </div>
      </fieldset>
      {canChange ? (
        <div
          className={
            'sticky bottom-0 mt-4 flex items-center justify-end gap-2 border-t border-line '
            + 'bg-ground/95 py-3 backdrop-blur'
          }
        >
          <p role="status" className="grow text-[13px] text-soft">
            {isDirty ? t('unsaved') : ''}
          </p>
          <Button disabled={!isDirty || isSubmitting} onClick={() => form.reset()}>
            {c('undo')}
          </Button>
          <Button type="submit" look="primary" disabled={!isDirty} busy={isSubmitting}>
            {c('save')}
          </Button>
        </div>
      ) : null}
    </form>
  );
}

function PolicyCard({ form }: { form: UseFormReturn<SettingsValues> }) {
  const t = useTranslations('routing');
  const chosen = useWatch({ control: form.control, name: 'policy' });
  return (
    <Card className="px-4 py-3.5">
      <Field label={t('policy')} hint={t(`policyHints.${chosen}`)}>
        {(control) => (
          <Select {...control} className="max-w-72" {...form.register('policy')}>
            {policies.map((policy) => (
              <option key={policy} value={policy}>
                {t(`policies.${policy}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </Card>
  );
}

function ProbeSwitch({ form, isDisabled }: { form: UseFormReturn<SettingsValues>; isDisabled: boolean }) {
  const t = useTranslations('routing');
  return (
    <div className="px-4 py-3">
      <Controller
        name="probes" control={form.control}
        render={({ field }) => (
          <CheckField label={t('probes')} hint={t('probesHint')}>
            {(control) => (
              <Switch {...control} checked={field.value} disabled={isDisabled} onCheckedChange={field.onChange} />
            )}
          </CheckField>
        )}
      />
    </div>
  );
}
