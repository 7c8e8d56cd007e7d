import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { NotFoundPage } from '@/app/fault-page';
import { appRoute } from './root';

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/health', replace: true });
  },
});

export type HealthSearch = { view?: 'table'; group?: string; q?: string };

export const healthRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/health',
  validateSearch: (search: Record<string, unknown>): HealthSearch => ({
    ...(search.view === 'table' ? { view: 'table' as const } : {}),
    ...(text(search.group) ? { group: text(search.group) } : {}),
    ...(text(search.q) ? { q: text(search.q) } : {}),
  }),
  component: lazyRouteComponent(() => import('@/features/health/health-page'), 'HealthPage'),
});

export const channelsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/channels',
  component: lazyRouteComponent(() => import('@/features/channels/channels-page'), 'ChannelsPage'),
});

export const groupsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/groups',
  component: lazyRouteComponent(() => import('@/features/groups/groups-page'), 'GroupsPage'),
});

export type RoutingSearch = { tab?: 'settings'; model?: string };

export const routingRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/routing',
  validateSearch: (search: Record<string, unknown>): RoutingSearch => ({
    ...(search.tab === 'settings' ? { tab: 'settings' as const } : {}),
    ...(text(search.model) ? { model: text(search.model) } : {}),
  }),
  component: lazyRouteComponent(() => import('@/features/routing/routing-page'), 'RoutingPage'),
});

export const affinityRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/affinity',
  component: lazyRouteComponent(() => import('@/features/affinity/affinity-page'), 'AffinityPage'),
});

export const unknownRoute = createRoute({ getParentRoute: () => appRoute, path: '$', component: NotFoundPage });
