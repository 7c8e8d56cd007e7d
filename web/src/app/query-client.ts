import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isPassing, ProblemError } from '@/api/problem';

const retriesMax = 2;

/** @param onSignedOut Called when the server no longer knows the session. */
export function createQueryClient(onSignedOut: () => void) {
  const onError = (fault: unknown) => {
    if (fault instanceof ProblemError && fault.code === 'unauthenticated') {
      onSignedOut();
    }
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, fault) => count < retriesMax && isPassing(fault),
        retryDelay: (count) => 500 * 2 ** count,
      },
      // What changes something is never sent a second time by itself.
      mutations: { retry: false },
    },
  });
}
