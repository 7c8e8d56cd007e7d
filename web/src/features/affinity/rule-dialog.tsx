import { standardSchemaResolver } from '@hookform/resolvers/standard-schema';
import { Controller, useForm, useWatch } from 'react-hook-form';
import { useTranslations } from 'use-intl';
import { ProblemError } from '@/api/problem';
import { Button } from '@/components/ui/button';
import { Input, UnitInput } from '@/components/ui/control';
import { Dialog, DialogBody, DialogFooter } from '@/components/ui/dialog';
import { CheckField, Field } from '@/components/ui/field';
import { FormFault } from '@/components/ui/form-fault';
import { Switch } from '@/components/ui/switch';
import { toast } from '@/components/ui/toast';
import { useProblemText } from '@/i18n/problem-text';
import { useTime } from '@/i18n/use-time';
import { useErrorText, useServerErrors } from '@/lib/form-errors';
import { type NewRule, type Rule, useCreateRule, useUpdateRule } from './affinity-queries';
import { bodyOf, ruleFields, ruleSchema, type RuleValues, valuesOf } from './rule-form';

/** What is edited: a rule that is there, or a new one that begins as a preset. */
export type Draft = { rule: Rule } | { preset: Omit<NewRule, 'position'> };

export function RuleDialog({ draft, onClose }: { draft: Draft | null; onClose: () => void }) {
  const t = useTranslations('affinity');
  const isNew = draft !== null && 'preset' in draft;
  return (
    <Dialog
      open={draft !== null}
      onOpenChange={(open) => !open && onClose()}
      place="side"
      title={isNew ? t('newRule') : t('editRule')}
      description={t('formLead')}
    >
      {draft ? <RuleForm draft={draft} onClose={onClose} /> : null}
    </Dialog>
  );
}

function RuleForm({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const t = useTranslations('affinity');
  const c = useTranslations('common');
  const say = useProblemText();
  const { duration } = useTime();
  const errorText = useErrorText();
  const place = useServerErrors();
  const create = useCreateRule();
  const update = useUpdateRule();
  const form = useForm<RuleValues>({
    resolver: standardSchemaResolver(ruleSchema),
    defaultValues: valuesOf('rule' in draft ? draft.rule : draft.preset),
  });
  const errors = form.formState.errors;
  const ttl = Number(useWatch({ control: form.control, name: 'ttl_seconds' }));

  const save = form.handleSubmit(async (values) => {
    try {
      const change = bodyOf(values);
      await ('rule' in draft ? update.mutateAsync({ rule: draft.rule, change }) : create.mutateAsync(change));
      toast(t('saved', { name: values.name }));
      onClose();
    } catch (fault) {
      if (!place(fault, form, ruleFields)) {
        const isOld = fault instanceof ProblemError && fault.code === 'version_mismatch';
        form.setError('root', { message: isOld ? t('changedMeanwhile') : say(fault) });
      }
    }
  });

  return (
    <form onSubmit={(event) => void save(event)} noValidate className="flex min-h-0 grow flex-col">
      <DialogBody className="flex flex-col gap-4">
        <FormFault text={errors.root?.message} />
        <Field label={t('name')} error={errorText(errors.name?.message)}>
          {(control) => <Input {...control} {...form.register('name')} />}
        </Field>
        <Field label={t('source')} hint={t('sourceHint')} error={errorText(errors.source?.message)}>
          {(control) => <Input {...control} className="font-mono" spellCheck={false} {...form.register('source')} />}
        </Field>
        <Field label={t('path')} hint={t('pathHint')} error={errorText(errors.path?.message)}>
          {(control) => (
            <Input
              {...control} className="font-mono" spellCheck={false} placeholder={t('everyPath')}
              {...form.register('path')}
            />
          )}
        </Field>
        <Field label={t('model')} hint={t('modelHint')} error={errorText(errors.model?.message)}>
          {(control) => (
            <Input
              {...control} className="font-mono" spellCheck={false} placeholder={t('everyModel')}
              {...form.register('model')}
            />
          )}
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label={t('ttl')}
            hint={ttl > 0 ? t('ttlHint', { time: duration(ttl * 1000) }) : undefined}
            error={errorText(errors.ttl_seconds?.message)}
          >
            {(control) => <UnitInput {...control} unit="s" {...form.register('ttl_seconds')} />}
          </Field>
          <Field label={t('unbind')} hint={t('unbindHint')} error={errorText(errors.unbind_after_ms?.message)}>
            {(control) => <UnitInput {...control} unit="ms" {...form.register('unbind_after_ms')} />}
          </Field>
        </div>
        <Controller
          name="pinned" control={form.control}
          render={({ field }) => (
            <CheckField label={t('pinned')} hint={t('pinnedHint')}>
              {(control) => <Switch {...control} checked={field.value} onCheckedChange={field.onChange} />}
            </CheckField>
          )}
        />
        <Controller
          name="enabled" control={form.control}
          render={({ field }) => (
            <CheckField label={t('enabled')} hint={t('enabledHint')}>
              {(control) => <Switch {...control} checked={field.value} onCheckedChange={field.onChange} />}
            </CheckField>
          )}
        />
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>{c('cancel')}</Button>
        <Button type="submit" look="primary" busy={form.formState.isSubmitting}>
          {c('save')}
        </Button>
      </DialogFooter>
    </form>
  );
}
