import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Schema, wholePage } from '@/api/client';

export type ChannelHealth = Schema['ChannelHealthView'];
export type HealthWindow = Schema['HealthWindowView'];
export type HealthStatus = HealthWindow['status'];

const refreshMs = 15_000;

/** A day of every channel; of more than a page the newest are shown. */
export const healthOptions = queryOptions({
  queryKey: ['health'],
  queryFn: () => answer(api.GET('/api/v1/health/channels', wholePage)),
  refetchInterval: refreshMs,
});

/** Groups and models of the channels, to choose among the rows and to test with. */
export const healthChannelsOptions = queryOptions({
  queryKey: ['channels', 'for-health'],
  queryFn: () => answer(api.GET('/api/v1/channels', wholePage)),
  staleTime: 60_000,
});

export function useTestChannel(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (model: string) =>
      answer(api.POST('/api/v1/channels/{id}/test', { params: { path: { id } }, body: { model } })),
    onSettled: () => client.invalidateQueries({ queryKey: healthOptions.queryKey }),
  });
}

/** Attempts in a half hour, of every outcome. */
export const samplesOf = (window: HealthWindow) => window.available + window.empty + window.failed + window.down;

/** What a day comes to. */
export function totalsOf(windows: readonly HealthWindow[]) {
  const total = { samples: 0, available: 0, empty: 0, failed: 0, down: 0 };
  for (const window of windows) {
    total.samples += samplesOf(window);
    total.available += window.available;
    total.empty += window.empty;
    total.failed += window.failed;
    total.down += window.down;
  }
  return total;
}
