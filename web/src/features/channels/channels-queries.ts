import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schema, wholePage } from '@/api/client';

export type Channel = Schema['ChannelView'];
export type Quota = Schema['QuotaView'];
export type QuotaWindow = Schema['QuotaWindowView'];

const refreshMs = 15_000;

export const channelsOptions = queryOptions({
  queryKey: ['channels', 'list'],
  queryFn: async () => (await answer(api.GET('/api/v1/channels', wholePage))).data,
  refetchInterval: refreshMs,
});

export const quotaOptions = (id: string) =>
  queryOptions({
    queryKey: ['channels', 'quota', id],
    queryFn: () => answer(api.GET('/api/v1/channels/{id}/quota', { params: { path: { id } } })),
    refetchInterval: refreshMs,
  });
