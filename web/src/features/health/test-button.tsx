import { useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Input } from '@/components/ui/control';
import { Dialog, DialogBody, DialogFooter } from '@/components/ui/dialog';
import { Field } from '@/components/ui/field';
import { healthChannelsOptions, useTestChannel } from './health-queries';
import { TestOutcome } from './test-outcome';

/** Sends one tiny request to a channel's upstream and says what came of it. */
export function TestButton({ id, name }: { id: string; name: string }) {
  const t = useTranslations('health');
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button size="sm" aria-label={t('testOf', { name })} onClick={() => setOpen(true)}>
        <FlaskConical className="size-3.5 text-faint" aria-hidden /> {t('test')}
      </Button>
      <Dialog open={isOpen} onOpenChange={setOpen} title={t('testOf', { name })} description={t('testLead')}>
        <TestForm id={id} />
      </Dialog>
    </>
  );
}

function TestForm({ id }: { id: string }) {
  const t = useTranslations('health');
  const { data } = useQuery(healthChannelsOptions);
  const models = data?.data.find((channel) => channel.id === id)?.models.filter((model) => !model.includes('*')) ?? [];
  const test = useTestChannel(id);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    test.mutate(String(new FormData(event.currentTarget).get('model')).trim());
  };
  return (
    <form onSubmit={submit} className="flex min-h-0 flex-col">
      <DialogBody className="flex flex-col gap-4">
        <Field label={t('model')}>
          {(control) => (
            <>
              <Input
                {...control} key={models[0]} name="model" list="test-models" defaultValue={models[0] ?? ''} required
              />
              <datalist id="test-models">
                {models.map((model) => (
                  <option key={model}>{model}</option>
                ))}
              </datalist>
            </>
          )}
        </Field>
        <TestOutcome test={test} />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={test.isPending}>
          {t('testNow')}
        </Button>
      </DialogFooter>
    </form>
  );
}
