import type { FormEvent } from 'react';
import { useTranslations } from 'use-intl';
import type { Schema } from '@/api/client';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Checkbox, Input, Select } from '@/components/ui/control';
import { CheckField, Field } from '@/components/ui/field';

export type Subjects = {
  keys: Schema['KeyView'][];
  groups: string[];
  channels: Schema['ChannelView'][];
  models: string[];
};

type DryRunFormProps = {
  subjects: Subjects | undefined;
  errors: Record<string, string>;
  isBusy: boolean;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
};

const protocols = ['chat', 'responses', 'messages', 'gemini'] as const;

export function DryRunForm({ subjects, errors, isBusy, onSubmit }: DryRunFormProps) {
  const t = useTranslations('routing');
  return (
    <Card className="p-4">
      <form onSubmit={onSubmit} className="flex flex-col gap-3.5">
        <Field label={t('model')} error={errors.model}>
          {(control) => (
            <>
              <Input
                {...control} name="model" list="dry-run-models" required spellCheck={false} autoComplete="off"
                className="font-mono" placeholder={subjects?.models[0]}
              />
              <datalist id="dry-run-models">
                {subjects?.models.map((model) => (
                  <option key={model}>{model}</option>
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Field label={t('protocol')}>
          {(control) => (
            <Select {...control} name="protocol" defaultValue="chat">
              {protocols.map((protocol) => (
                <option key={protocol} value={protocol}>
                  {t(`protocols.${protocol}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t('key')} error={errors.key_id}>
          {(control) => (
            <Select {...control} name="key_id">
              <option value="">{t('anyKey')}</option>
              {subjects?.keys.map((key) => (
                <option key={key.id} value={key.id}>
                  {t('keyOption', { name: key.name, shown: key.shown })}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {subjects && subjects.groups.length > 0 ? (
          <Field label={t('group')} error={errors.group}>
            {(control) => (
              <Select {...control} name="group">
                <option value="">{t('noGroup')}</option>
                {subjects.groups.map((group) => (
                  <option key={group}>{group}</option>
                ))}
              </Select>
            )}
          </Field>
        ) : null}
        <Field label={t('boundTo')} hint={t('boundToHint')} error={errors.conversation}>
          {(control) => (
            <Select {...control} name="conversation">
              <option value="">{t('notBound')}</option>
              {subjects?.channels.map((channel) => (
                <option key={channel.id} value={channel.id}>
                  {channel.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label={t('inputTokens')} error={errors.input_tokens}>
            {(control) => (
              <Input {...control} name="input_tokens" inputMode="numeric" pattern="[0-9]*" placeholder="1000" />
            )}
          </Field>
          <Field label={t('maxTokens')} error={errors.max_tokens}>
            {(control) => <Input {...control} name="max_tokens" inputMode="numeric" pattern="[0-9]*" placeholder="–" />}
          </Field>
        </div>
        <CheckField label={t('stream')}>
          {(control) => <Checkbox {...control} name="stream" defaultChecked />}
        </CheckField>
        <Button type="submit" look="primary" busy={isBusy}>
          {t('explain')}
        </Button>
      </form>
    </Card>
  );
}
