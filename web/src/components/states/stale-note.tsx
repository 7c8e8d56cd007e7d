import { useTranslations } from 'use-intl';
import { Badge } from '@/components/ui/badge';
import { useClock } from '@/i18n/use-clock';

/** Old data is better than none, as long as it says how old it is. */
export function StaleNote({ isStale, since }: { isStale: boolean; since: number }) {
  const t = useTranslations('states');
  const { clock } = useClock();
  return isStale && since > 0 ? (
    <Badge tone="warn">{t('staleSince', { time: clock(new Date(since).toISOString()) })}</Badge>
  ) : null;
}
