import { useCallback } from 'react';
import { useTranslations } from 'use-intl';
import { type FieldError, ProblemError } from '@/api/problem';

/** What a fault is in the reader's language, by its code; the server's own words where the code is unknown. */
export function useProblemText() {
  const t = useTranslations('problems');
  return useCallback(
    (fault: unknown) => {
      if (!(fault instanceof ProblemError)) {
        return t('page_fault');
      }
      const key = fault.code as Parameters<typeof t>[0];
      if (!t.has(key)) {
        return fault.detail || fault.message;
      }
      return fault.code === 'too_many_requests' ? t(key, { seconds: fault.retryAfter ?? 1 }) : t(key);
    },
    [t],
  );
}

/** The same for one field; bounds are read from the server's sentence, which always names them. */
export function useFieldText() {
  const t = useTranslations('fieldProblems');
  return useCallback(
    (error: FieldError) => {
      const key = error.code as Parameters<typeof t>[0];
      const [least, most] = error.message.match(/\d+/g) ?? [];
      if (error.code === 'out_of_range' && least !== undefined && most !== undefined) {
        return t('between', { least, most });
      }
      return error.code !== 'out_of_range' && t.has(key) ? t(key) : error.message;
    },
    [t],
  );
}
