import { useTranslations } from 'use-intl';
import { useTime } from '@/i18n/use-time';
import type { ChannelHealth } from './health-queries';
import { StatusMark } from './status-glyph';

/** The times of the day in which a channel was not simply available, the latest first. */
export function IncidentList({ incidents }: { incidents: ChannelHealth['incidents'] }) {
  const t = useTranslations('health');
  const { clock } = useTime();
  if (incidents.length === 0) {
    return null;
  }
  return (
    <ul aria-label={t('incidents')} className="flex flex-wrap gap-x-4 gap-y-1 text-xs font-normal text-soft">
      {incidents.map((incident) => (
        <li key={incident.starts_at} className="flex items-center gap-1.5">
          <StatusMark status={incident.status} />
          {t(`status.${incident.status}`)} {clock(incident.starts_at)}–
          {incident.ends_at === null ? t('notOver') : clock(incident.ends_at)}
          {incident.not_served > 0 ? `, ${t('notServed', { count: incident.not_served })}` : ''}
        </li>
      ))}
    </ul>
  );
}
