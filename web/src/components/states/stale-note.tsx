import { useTranslations } from 'use-intl';
import { Badge } from '@/components/ui/badge';
import { useTime } from '@/i18n/use-time';

/** Old data is better than none, as long as it says how old it is. */
export function StaleNote({ isStale, since }: { isStale: boolean; since: number }) {
  const t = useTranslations('states');
  const { clock } = useTime();
  return isStale && since > 0 ? (
    <Badge tone="warn">{t('staleSince', { time: clock(new Date(since).toISOString()) })}</Badge>
  ) : null;
}
