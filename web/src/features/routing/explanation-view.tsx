import { CircleAlert, CircleCheck } from 'lucide-react';
import { useFormatter, useTranslations } from 'use-intl';
import { Badge } from '@/components/ui/badge';
import { shownUsd } from '@/lib/money';
import { CandidateTable } from './candidate-table';
import type { Explanation } from './routing-queries';

/** A word of the API in the reader's language, or as it is where there is none for it yet. */
function useWord(group: 'refusals' | 'unknowns') {
  const t = useTranslations(`routing.${group}`);
  return (word: string) => (t.has(word as Parameters<typeof t>[0]) ? t(word as Parameters<typeof t>[0]) : word);
}

export function ExplanationView({ explanation }: { explanation: Explanation }) {
  const t = useTranslations('routing');
  const format = useFormatter();
  const unknown = useWord('unknowns');
  return (
    <>
      <div role="status" className="flex flex-col gap-2.5 px-4 py-4">
        <Verdict explanation={explanation} />
        <dl className="flex flex-wrap gap-x-6 gap-y-1 text-[13px]">
          <Fact name={t('policy')} value={t(`policies.${explanation.policy}`)} />
          <Fact name={t('group')} value={explanation.group ?? t('noGroup')} />
          <Fact name={t('attemptsMax')} value={String(explanation.attempts_max)} />
          {explanation.hold ? (
            <Fact name={t('hold')} value={shownUsd(explanation.hold)} title={explanation.hold} />
          ) : null}
        </dl>
        {explanation.unknown.length > 0 ? (
          <p className="text-xs text-faint">
            {t('notKnown', { names: format.list(explanation.unknown.map(unknown)) })}
          </p>
        ) : null}
      </div>
      {explanation.candidates.length > 0 ? (
        <div className="border-t border-line">
          <CandidateTable candidates={explanation.candidates} />
        </div>
      ) : null}
    </>
  );
}

function Verdict({ explanation }: { explanation: Explanation }) {
  const t = useTranslations('routing');
  const refusal = useWord('refusals');
  const first = explanation.candidates.find((candidate) => candidate.place === 1);
  return explanation.refusal ? (
    <p className="flex items-center gap-2 text-[15px] font-semibold">
      <CircleAlert className="size-5 shrink-0 text-bad" aria-hidden /> {refusal(explanation.refusal)}
      <Badge tone="bad">{t('refused')}</Badge>
    </p>
  ) : (
    <div className="flex items-start gap-2">
      <CircleCheck className="mt-0.5 size-5 shrink-0 text-good" aria-hidden />
      <p className="text-[15px]">
        <span className="font-semibold">{t('goesTo', { name: first?.name ?? t('otherOwner') })}</span>
        <span className="block text-[13px] text-soft">{t(`reasons.${explanation.reason}`)}</span>
      </p>
    </div>
  );
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-faint">{name}</dt>
      <dd className="font-medium" title={title}>
        {value}
      </dd>
    </div>
  );
}
