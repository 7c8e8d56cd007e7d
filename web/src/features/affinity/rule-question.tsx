import { useTranslations } from 'use-intl';
import { Confirm } from '@/components/ui/confirm';
import { toast } from '@/components/ui/toast';
import { useProblemText } from '@/i18n/problem-text';
import { type Rule, useDeleteRule, useFlushRule } from './affinity-queries';

export type Question = { rule: Rule; about: 'flush' | 'delete' };

/** Asks before a rule is deleted or lets go of what it has bound. */
export function RuleQuestion({ question, onClose }: { question: Question | null; onClose: () => void }) {
  const t = useTranslations('affinity');
  const say = useProblemText();
  const flush = useFlushRule();
  const remove = useDeleteRule();
  const name = question?.rule.name ?? '';
  const isDelete = question?.about === 'delete';
  const confirm = () => {
    if (!question) {
      return;
    }
    const done = {
      onSuccess: () => toast(t(isDelete ? 'deleted' : 'flushed', { name })),
      onError: (fault: Error) => toast(say(fault), true),
      onSettled: onClose,
    };
    if (isDelete) {
      remove.mutate(question.rule, done);
    } else {
      flush.mutate(question.rule, done);
    }
  };
  return (
    <Confirm
      open={question !== null}
      onOpenChange={(open) => !open && onClose()}
      title={t(isDelete ? 'deleteAsk' : 'flushAsk', { name })}
      action={t(isDelete ? 'delete' : 'flush')}
      isDanger={isDelete}
      busy={flush.isPending || remove.isPending}
      onConfirm={confirm}
    >
      {t(isDelete ? 'deleteHint' : 'flushHint')}
    </Confirm>
  );
}
