import { useFormatter, useTranslations } from 'use-intl';
import { Badge, type Tone } from '@/components/ui/badge';
import { Bar } from '@/components/ui/bar';
import { Table, Td, Th, Tr } from '@/components/ui/table';
import { useTime } from '@/i18n/use-time';
import { cn } from '@/lib/cn';
import { shownUsd } from '@/lib/money';
import type { Candidate } from './routing-queries';

const tones: Record<string, Tone> = { available: 'good', full: 'warn', resting: 'bad', exhausted: 'bad' };

/** First those that would be tried, in order; then those left out, each with its reason. */
export function CandidateTable({ candidates }: { candidates: readonly Candidate[] }) {
  const t = useTranslations('routing');
  return (
    <Table label={t('candidates')}>
      <thead>
        <tr>
          <Th className="w-0">{t('place')}</Th>
          <Th>{t('channel')}</Th>
          <Th>{t('standing')}</Th>
          <Th>{t('firstShare')}</Th>
          <Th className="text-right">{t('price')}</Th>
          <Th>{t('choosing')}</Th>
          <Th>{t('live')}</Th>
        </tr>
      </thead>
      <tbody>
        {candidates.map((candidate, i) => (
          <CandidateRow key={candidate.channel_id ?? i} candidate={candidate} />
        ))}
      </tbody>
    </Table>
  );
}

function CandidateRow({ candidate }: { candidate: Candidate }) {
  const t = useTranslations('routing');
  const v = useTranslations('routing.verdicts');
  const format = useFormatter();
  const verdict = candidate.verdict as Parameters<typeof v>[0];
  return (
    <Tr className={cn(!candidate.place && 'text-soft')}>
      <Td className="text-center tabular-nums">
        {candidate.place ? <span className="font-semibold text-ink">{candidate.place}</span> : '–'}
      </Td>
      <Td>
        <span className="block font-medium whitespace-nowrap">{candidate.name ?? t('otherOwner')}</span>
        <span className="block text-xs text-faint">
          {candidate.is_own_protocol ? t('ownProtocol') : t('translated')}
        </span>
      </Td>
      <Td>
        <Badge tone={tones[candidate.verdict] ?? 'plain'}>
          {v.has(verdict) ? v(verdict) : candidate.verdict}
        </Badge>
      </Td>
      <Td className="min-w-24">
        <span className="block tabular-nums">{format.number(candidate.first_share, { style: 'percent' })}</span>
        <Bar bp={candidate.first_share * 10_000} tone="accent" className="mt-1 w-20" />
      </Td>
      <Td className="text-right whitespace-nowrap tabular-nums">
        <Price candidate={candidate} />
      </Td>
      <Td className="whitespace-nowrap tabular-nums">
        {t('priorityWeight', { priority: candidate.priority ?? 0, weight: candidate.weight ?? 0 })}
        {candidate.live_score != null ? (
          <span className="block text-xs text-faint">
            {t('score', { score: format.number(candidate.live_score, { maximumFractionDigits: 3 }) })}
          </span>
        ) : null}
      </Td>
      <Td className="text-xs whitespace-nowrap">
        <Live candidate={candidate} />
      </Td>
    </Tr>
  );
}

function Price({ candidate }: { candidate: Candidate }) {
  const t = useTranslations('routing');
  const factors = [candidate.group_factor, candidate.live_factor].filter((each) => each && !/^1(\.0+)?$/.test(each));
  return candidate.input && candidate.output ? (
    <>
      <span title={t('pricePerMillion')}>
        {shownUsd(candidate.input)} / {shownUsd(candidate.output)}
      </span>
      {factors.length > 0 ? <span className="block text-xs text-faint">× {factors.join(' × ')}</span> : null}
    </>
  ) : (
    '–'
  );
}

function Live({ candidate }: { candidate: Candidate }) {
  const t = useTranslations('routing');
  const format = useFormatter();
  const { duration } = useTime();
  const share = (bp: number) => format.number(bp / 10_000, { style: 'percent', maximumFractionDigits: 1 });
  const parts = [
    candidate.slots_max != null && t('slots', { used: candidate.slots_used ?? 0, max: candidate.slots_max }),
    candidate.left_bp != null && t('left', { share: share(candidate.left_bp) }),
    candidate.failed_bp != null && t('failed', { share: share(candidate.failed_bp) }),
    candidate.first_token_ms != null && t('firstToken', { time: duration(candidate.first_token_ms) }),
  ].filter(Boolean);
  return parts.length === 0 ? '–' : parts.map((part) => <span key={String(part)} className="block">{part}</span>);
}
