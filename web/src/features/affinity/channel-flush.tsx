import { useQuery } from '@tanstack/react-query';
import { Eraser } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Card, CardHeader } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Select } from '@/components/ui/control';
import { toast } from '@/components/ui/toast';
import { useProblemText } from '@/i18n/problem-text';
import { boundChannelsOptions, useFlushChannel } from './affinity-queries';

/** Lets go of every conversation that is bound to one channel, whatever rule bound it. */
export function ChannelFlush() {
  const t = useTranslations('affinity');
  const say = useProblemText();
  const channels = useQuery(boundChannelsOptions);
  const flush = useFlushChannel();
  const [id, setId] = useState('');
  const [isAsking, setAsking] = useState(false);
  const name = channels.data?.find((channel) => channel.id === id)?.name ?? '';
  const confirm = () =>
    flush.mutate(id, {
      onSuccess: () => toast(t('channelFlushed', { name })),
      onError: (fault) => toast(say(fault), true),
      onSettled: () => setAsking(false),
    });
  return (
    <Card>
      <CardHeader isAlone
        title={t('channelFlush')}
        description={t('channelFlushLead')}
        actions={
          <>
            <Select
              aria-label={t('channel')} className="w-52" value={id} onChange={(event) => setId(event.target.value)}
            >
              <option value="">{t('chooseChannel')}</option>
              {channels.data?.map((channel) => (
                <option key={channel.id} value={channel.id}>
                  {channel.name}
                </option>
              ))}
            </Select>
            <Button disabled={!id} onClick={() => setAsking(true)}>
              <Eraser className="size-3.5 text-faint" aria-hidden /> {t('flush')}
            </Button>
          </>
        }
      />
      <Confirm
        open={isAsking} onOpenChange={setAsking} title={t('flushChannelAsk', { name })} action={t('flush')}
        busy={flush.isPending} onConfirm={confirm}
      >
        {t('flushHint')}
      </Confirm>
    </Card>
  );
}
