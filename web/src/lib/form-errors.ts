import { useCallback } from 'react';
import type { FieldValues, Path, UseFormReturn } from 'react-hook-form';
import { useTranslations } from 'use-intl';
import { ProblemError } from '@/api/problem';
import { useFieldText } from '@/i18n/problem-text';

/** Puts the server's faults to their fields; true when every one of them found its place. */
export function useServerErrors() {
  const say = useFieldText();
  return useCallback(
    <T extends FieldValues>(fault: unknown, form: UseFormReturn<T>, names: readonly string[]): boolean => {
      if (!(fault instanceof ProblemError) || fault.errors.length === 0) {
        return false;
      }
      for (const error of fault.errors.filter(({ field }) => names.includes(field))) {
        form.setError(error.field as Path<T>, { type: 'server', message: say(error) }, { shouldFocus: true });
      }
      return fault.errors.every(({ field }) => names.includes(field));
    },
    [say],
  );
}

/** The text of a field's fault: a key of ours in the reader's language, or the server's own words. */
export function useErrorText() {
  const t = useTranslations('form');
  return useCallback(
    (message: string | undefined) => {
      const key = message as Parameters<typeof t>[0] | undefined;
      return key && t.has(key) ? t(key) : message;
    },
    [t],
  );
}
