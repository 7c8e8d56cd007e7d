import { queryOptions, useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { answer, api, type Schema } from '@/api/client';
import { ProblemError } from '@/api/problem';
import { allows, type Right } from '@/lib/access';

export type User = Schema['UserView'];

/** Who is signed in; null for nobody. */
export const meOptions = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<User | null> => {
    try {
      return await answer(api.GET('/api/v1/me'));
    } catch (fault) {
      if (fault instanceof ProblemError && fault.status === 401) {
        return null;
      }
      throw fault;
    }
  },
  staleTime: 60_000,
});

/** The signed-in user, for pages behind the door. */
export function useMe(): User {
  const { data } = useSuspenseQuery(meOptions);
  if (!data) {
    throw new ProblemError({ status: 401, code: 'unauthenticated' });
  }
  return data;
}

/** True when the signed-in user's role allows it. */
export const useAllows = (right: Right) => allows(useMe().role, right);

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema['LoginRequest']) => answer(api.POST('/api/v1/auth/login', { body })),
    onSuccess: ({ user }) => {
      client.clear();
      client.setQueryData(meOptions.queryKey, user);
    },
  });
}

export function useLogout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST('/api/v1/auth/logout')),
    onSuccess: () => {
      client.clear();
      client.setQueryData(meOptions.queryKey, null);
    },
  });
}
