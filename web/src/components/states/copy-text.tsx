import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';

const doneMs = 1500;

/** A text of the machine's, such as an id, that a press copies. */
export function CopyText({ text, className }: { text: string; className?: string }) {
  const t = useTranslations('common');
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), doneMs);
  };
  const Icon = isDone ? Check : Copy;
  return (
    <button
      type="button"
      title={t('copy')}
      aria-label={t('copyText', { text })}
      onClick={() => void copy()}
      className={cn('inline-flex items-center gap-1 rounded font-mono text-xs text-soft hover:text-ink', className)}
    >
      {text}
      <Icon className="size-3 text-faint" aria-hidden />
    </button>
  );
}
