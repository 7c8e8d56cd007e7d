import { createRoute, redirect } from '@tanstack/react-router';
import { meOptions } from '@/features/sessions/session-queries';
import { LoginPage } from '@/features/sessions/login-page';
import { rootRoute } from './root';

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search.next === 'string' ? { next: search.next } : {},
  beforeLoad: async ({ context }) => {
    if (await context.queryClient.ensureQueryData(meOptions)) {
      throw redirect({ to: '/', replace: true });
    }
  },
  component: function Login() {
    return <LoginPage next={loginRoute.useSearch().next} />;
  },
});
