import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allows, type Right, type Role } from './access';

const server = readFileSync('../control-plane/TokenHub.ControlPlane/Access/AccessTable.cs', 'utf8');

/** Who may call a route, by the server's own table. */
function rolesOf(method: string, path: string): Role[] {
  const row = server.split('\n').find((line) => line.includes(`Of("${method}", "${path}",`));
  const roles: Role[] = ['admin', 'member', 'auditor'];
  return roles.filter((role) => row && !row.includes(`${role}: None`));
}

const routes: [Right, string, string][] = [
  ['seeChannels', 'GET', '/health/channels'],
  ['changeChannels', 'POST', '/channels/{id}/test'],
  ['seeGroups', 'GET', '/groups'],
  ['changeGroups', 'PATCH', '/groups/{name}'],
  ['seeAffinity', 'GET', '/affinity-rules'],
  ['changeAffinity', 'PATCH', '/affinity-rules/{id}'],
  ['seeRoutingSettings', 'GET', '/settings/routing'],
  ['changeRoutingSettings', 'PUT', '/settings/routing'],
  ['explainRoutes', 'POST', '/routing/explain'],
];

describe('what is offered', () => {
  it.each(routes)('%s is what the server lets do: %s %s', (right, method, path) => {
    const roles: Role[] = ['admin', 'member', 'auditor'];
    expect(roles.filter((role) => allows(role, right))).toEqual(rolesOf(method, path));
  });
});
