import { shownUsd } from '@/lib/money';
import type { QuotaWindow } from './channels-queries';

export type WindowUse = { used: string; limit: string; exact: string; unit: 'usd' | 'points' | 'tokens' | 'requests' };

/** A window's use in its own unit, ready to be read. */
export function useOf(window: QuotaWindow, count: (value: number) => string): WindowUse {
  if (window.limit_points != null && window.used_points != null && window.limit_points !== window.limit_usd) {
    const [used, limit] = [window.used_points, window.limit_points];
    return { used: points(used), limit: points(limit), exact: `${used} / ${limit}`, unit: 'points' };
  }
  if (window.limit_usd != null && window.used_usd != null) {
    const [used, limit] = [window.used_usd, window.limit_usd];
    return { used: shownUsd(used), limit: shownUsd(limit), exact: `${used} / ${limit}`, unit: 'usd' };
  }
  const isTokens = window.limit_tokens != null;
  const used = (isTokens ? window.used_tokens : window.used_requests) ?? 0;
  const limit = (isTokens ? window.limit_tokens : window.limit_requests) ?? 0;
  return {
    used: count(used), limit: count(limit), exact: `${used} / ${limit}`, unit: isTokens ? 'tokens' : 'requests',
  };
}

const points = (amount: string) => shownUsd(amount).replace('$', '');

/** Little left is worth a second look; nothing left stops the channel. */
export const toneOf = (leftBp: number) => (leftBp <= 0 ? 'bad' : leftBp < 2000 ? 'warn' : 'good');
