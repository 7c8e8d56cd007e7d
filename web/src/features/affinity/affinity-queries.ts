import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch, type Schema, wholePage } from '@/api/client';

export type Rule = Schema['AffinityRuleView'];
export type NewRule = Schema['CreateAffinityRule'];
export type RuleChange = Schema['UpdateAffinityRule'];

const path = (id: string) => ({ params: { path: { id } } });

export const rulesOptions = queryOptions({
  queryKey: ['affinity-rules'],
  queryFn: async () => (await answer(api.GET('/api/v1/affinity-rules'))).data,
});

/** Channels to choose from when all that is bound to one is let go. */
export const boundChannelsOptions = queryOptions({
  queryKey: ['channels', 'for-affinity'],
  queryFn: async () =>
    (await answer(api.GET('/api/v1/channels', wholePage))).data,
  staleTime: 30_000,
});

const patch = (rule: Rule, body: RuleChange) =>
  answer(api.PATCH('/api/v1/affinity-rules/{id}', { ...path(rule.id), headers: ifMatch(rule.version), body }));

function useRuleMutation<Arguments, Result>(mutationFn: (args: Arguments) => Promise<Result>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => client.invalidateQueries({ queryKey: rulesOptions.queryKey }) });
}

export const useCreateRule = () =>
  useRuleMutation((body: NewRule) => answer(api.POST('/api/v1/affinity-rules', { body })));

export const useUpdateRule = () =>
  useRuleMutation(({ rule, change }: { rule: Rule; change: RuleChange }) => patch(rule, change));

export const useDeleteRule = () =>
  useRuleMutation((rule: Rule) => answer(api.DELETE('/api/v1/affinity-rules/{id}', path(rule.id))));

export const useFlushRule = () =>
  useRuleMutation((rule: Rule) => answer(api.POST('/api/v1/affinity-rules/{id}/flush', path(rule.id))));

export const useFlushChannel = () =>
  useMutation({
    mutationFn: (id: string) => answer(api.POST('/api/v1/channels/{id}/affinity/flush', path(id))),
  });

/** Puts a rule before or behind its neighbour; the one that moves goes first, so that a conflict changes nothing. */
export const useSwapRules = () =>
  useRuleMutation(async ({ rule, neighbour }: { rule: Rule; neighbour: Rule }) => {
    for (const [each, position] of swapped(rule, neighbour)) {
      await patch(each, { position });
    }
  });

/** New positions for two rules that change places; of two with the same position, the lower one makes room. */
export function swapped(rule: Rule, neighbour: Rule): [Rule, number][] {
  return rule.position === neighbour.position
    ? [[neighbour, neighbour.position + 1]]
    : [[rule, neighbour.position], [neighbour, rule.position]];
}
