import { useQuery } from '@tanstack/react-query';
import { Waypoints } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslations } from 'use-intl';
import { EmptyState } from '@/components/states/empty-state';
import { ErrorState } from '@/components/states/error-state';
import { Card } from '@/components/ui/card';
import { ProblemError } from '@/api/problem';
import { useFieldText } from '@/i18n/problem-text';
import { DryRunForm } from './dry-run-form';
import { ExplanationView } from './explanation-view';
import { type ExplainBody, subjectsOptions, useExplain } from './routing-queries';

function bodyOf(form: FormData): ExplainBody {
  const text = (name: string) => String(form.get(name) ?? '').trim() || undefined;
  const tokens = (name: string) => (text(name) ? Number(text(name)) : undefined);
  return {
    model: text('model') ?? '',
    key_id: text('key_id'),
    group: text('group'),
    protocol: text('protocol') as ExplainBody['protocol'],
    conversation: text('conversation'),
    input_tokens: tokens('input_tokens'),
    max_tokens: tokens('max_tokens'),
    stream: form.get('stream') !== null,
  };
}

/** A call that is not made: where would it go, and why? */
export function DryRun() {
  const t = useTranslations('routing');
  const say = useFieldText();
  const subjects = useQuery(subjectsOptions);
  const explain = useExplain();
  const [asked, setAsked] = useState<ExplainBody | null>(null);
  const ask = (body: ExplainBody) => {
    setAsked(body);
    explain.mutate(body);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    ask(bodyOf(new FormData(event.currentTarget)));
  };
  const fields = explain.error instanceof ProblemError ? explain.error.errors : [];
  const errors = Object.fromEntries(fields.map((error) => [error.field, say(error)]));
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[18rem_1fr]">
      <DryRunForm subjects={subjects.data} errors={errors} isBusy={explain.isPending} onSubmit={submit} />
      <Card className="min-w-0">
        {explain.data ? <ExplanationView explanation={explain.data} /> : null}
        {explain.isError && fields.length === 0 ? (
          <ErrorState fault={explain.error} onRetry={() => asked && ask(asked)} />
        ) : null}
        {!explain.data && (!explain.isError || fields.length > 0) ? (
          <EmptyState icon={Waypoints} title={t('notAsked')}>
            {t('notAskedHint')}
          </EmptyState>
        ) : null}
      </Card>
    </div>
  );
}
