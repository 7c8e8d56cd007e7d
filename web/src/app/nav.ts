import { Activity, Layers, type LucideIcon, Magnet, Plug, Route } from 'lucide-react';
import type { Right } from '@/lib/access';

type NavItem = {
  to: '/health' | '/channels' | '/groups' | '/routing' | '/affinity';
  name: 'health' | 'channels' | 'groups' | 'routing' | 'affinity';
  icon: LucideIcon;
  /** Any of them opens it. */
  rights: readonly Right[];
};

type NavGroup = { name: 'provide' | 'operate'; items: readonly NavItem[] };

/** Only pages that exist stand here. */
export const navGroups: readonly NavGroup[] = [
  {
    name: 'provide',
    items: [
      { to: '/health', name: 'health', icon: Activity, rights: ['seeChannels'] },
      { to: '/channels', name: 'channels', icon: Plug, rights: ['seeChannels'] },
      { to: '/groups', name: 'groups', icon: Layers, rights: ['seeGroups'] },
    ],
  },
  {
    name: 'operate',
    items: [
      { to: '/routing', name: 'routing', icon: Route, rights: ['seeRoutingSettings', 'explainRoutes'] },
      { to: '/affinity', name: 'affinity', icon: Magnet, rights: ['seeAffinity'] },
    ],
  },
];
