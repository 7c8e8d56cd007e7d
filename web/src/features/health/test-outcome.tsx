import type { UseMutationResult } from '@tanstack/react-query';
import { CircleAlert, CircleCheck } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Schema } from '@/api/client';
import { useProblemText } from '@/i18n/problem-text';
import { useTime } from '@/i18n/use-time';
import { cn } from '@/lib/cn';

type Result = Schema['ChannelTestResult'];

export function TestOutcome({ test }: { test: UseMutationResult<Result, Error, string> }) {
  const t = useTranslations('health');
  const say = useProblemText();
  const { duration } = useTime();
  const result = test.data;
  return (
    <div role="status" className="min-h-11">
      {test.isError ? <Line isGood={false}>{say(test.error)}</Line> : null}
      {test.isPending ? <p className="py-2.5 text-[13px] text-soft">{t('testing')}</p> : null}
      {result?.ok ? (
        <Line isGood>{result.ttft_ms ? t('testGood', { time: duration(result.ttft_ms) }) : t('testGoodUntimed')}</Line>
      ) : null}
      {result && !result.ok ? (
        <Line isGood={false}>
          {result.status ? t('testBadStatus', { status: String(result.status) }) : t('testBad')}
          {result.error ? <span className="block font-mono text-xs break-words">{result.error}</span> : null}
        </Line>
      ) : null}
    </div>
  );
}

function Line({ isGood, children }: { isGood: boolean; children: React.ReactNode }) {
  const Icon = isGood ? CircleCheck : CircleAlert;
  return (
    <div
      className={cn(
        'flex items-start gap-2 rounded-md px-3 py-2.5 text-[13px]',
        isGood ? 'bg-good-soft text-good' : 'bg-bad-soft text-bad',
      )}
    >
      <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />
      <span className="min-w-0">{children}</span>
    </div>
  );
}
