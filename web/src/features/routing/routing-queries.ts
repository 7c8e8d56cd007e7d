import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch, type Schema, wholePage } from '@/api/client';

export type RoutingSettings = Schema['RoutingSettingsView'];
export type RoutingChange = Schema['RoutingSettings'];
export type Explanation = Schema['RouteExplanation'];
export type Candidate = Schema['CandidateView'];
export type ExplainBody = Schema['ExplainRoute'];

export const settingsOptions = queryOptions({
  queryKey: ['settings', 'routing'],
  queryFn: () => answer(api.GET('/api/v1/settings/routing')),
});

export function useSaveSettings() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ version, body }: { version: number; body: RoutingChange }) =>
      answer(api.PUT('/api/v1/settings/routing', { headers: ifMatch(version), body })),
    onSuccess: (settings) => client.setQueryData(settingsOptions.queryKey, settings),
  });
}

/** What is in force now, whatever was read before. */
export function useFreshSettings() {
  const client = useQueryClient();
  return () => client.fetchQuery({ ...settingsOptions, staleTime: 0 });
}

export const useExplain = () =>
  useMutation({ mutationFn: (body: ExplainBody) => answer(api.POST('/api/v1/routing/explain', { body })) });

/** What a dry run can be asked about: keys, groups, and the models that channels name. */
export const subjectsOptions = queryOptions({
  queryKey: ['routing-subjects'],
  queryFn: async () => {
    const [keys, groups, channels] = await Promise.all([
      answer(api.GET('/api/v1/keys', wholePage)),
      answer(api.GET('/api/v1/groups', wholePage)),
      answer(api.GET('/api/v1/channels', wholePage)),
    ]);
    const models = channels.data.flatMap((channel) => channel.models).filter((model) => !model.includes('*'));
    return {
      keys: keys.data,
      groups: groups.data.map((group) => group.name),
      channels: channels.data,
      models: [...new Set(models)].toSorted(),
    };
  },
  staleTime: 30_000,
});
