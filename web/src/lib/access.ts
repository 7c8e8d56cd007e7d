import type { Schema } from '@/api/client';

export type Role = Schema['UserView']['role'];

/**
 * What the pages offer to whom: the console's copy of the server's table, so that nothing is shown that would be
 * refused. The server decides.
 */
const table = {
  seeChannels: ['admin', 'member', 'auditor'],
  changeChannels: ['admin', 'member'],
  seeGroups: ['admin', 'member', 'auditor'],
  changeGroups: ['admin'],
  seeAffinity: ['admin', 'auditor'],
  changeAffinity: ['admin'],
  seeRoutingSettings: ['admin', 'auditor'],
  changeRoutingSettings: ['admin'],
  explainRoutes: ['admin', 'member', 'auditor'],
  chooseUsers: ['admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Right = keyof typeof table;

export const allows = (role: Role, right: Right) => (table[right] as readonly Role[]).includes(role);
