import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schema, wholePage } from '@/api/client';

export type Group = Schema['GroupView'];

export const groupsOptions = queryOptions({
  queryKey: ['groups'],
  queryFn: async () => (await answer(api.GET('/api/v1/groups', wholePage))).data,
});
