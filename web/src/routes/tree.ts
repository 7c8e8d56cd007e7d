import { loginRoute } from './login';
import { affinityRoute, channelsRoute, groupsRoute, healthRoute, homeRoute, routingRoute, unknownRoute } from './pages';
import { appRoute, rootRoute } from './root';

export const routeTree = rootRoute.addChildren([
  loginRoute,
  appRoute.addChildren([homeRoute, healthRoute, channelsRoute, groupsRoute, routingRoute, affinityRoute, unknownRoute]),
]);
