import { Lock, type LucideIcon, RotateCw, SearchX, TriangleAlert, Unplug } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { ProblemError } from '@/api/problem';
import { Button } from '@/components/ui/button';
import { CopyText } from '@/components/states/copy-text';
import { useProblemText } from '@/i18n/problem-text';

type ErrorStateProps = { fault: unknown; onRetry?: () => void };

const icons: Record<number, LucideIcon> = { 0: Unplug, 403: Lock, 404: SearchX };

function Icon({ status }: { status: number }) {
  const Found = icons[status] ?? TriangleAlert;
  return <Found className="size-7 text-faint" aria-hidden />;
}

/** In the place of what could not be had: what went wrong, under which id the log has it, and another try. */
export function ErrorState({ fault, onRetry }: ErrorStateProps) {
  const t = useTranslations('states');
  const say = useProblemText();
  const problem = fault instanceof ProblemError ? fault : new ProblemError({ status: 500, code: 'page_fault' });
  return (
    <div role="alert" className="flex flex-col items-center gap-2 px-6 py-14 text-center">
      <Icon status={problem.status} />
      <p className="text-[15px] font-semibold">{say(problem)}</p>
      {problem.status === 403 ? <p className="max-w-md text-[13px] text-soft">{t('forbiddenHint')}</p> : null}
      {problem.requestId ? (
        <p className="flex flex-wrap items-center justify-center gap-1.5 text-xs text-faint">
          {t('requestId')} <CopyText text={problem.requestId} />
        </p>
      ) : null}
      {onRetry && problem.status !== 403 && problem.status !== 404 ? (
        <Button className="mt-2" onClick={onRetry}>
          <RotateCw className="size-3.5" aria-hidden /> {t('retry')}
        </Button>
      ) : null}
    </div>
  );
}
