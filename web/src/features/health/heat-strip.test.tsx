import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IntlProvider } from 'use-intl';
import en from '@/i18n/en.json';
import { HealthGrid } from './health-grid';
import type { ChannelHealth, HealthWindow } from './health-queries';
import { moved } from './heat-strip';

vi.mock('@/features/sessions/session-queries', () => ({ useAllows: () => false }));

const start = Date.parse('2026-11-21T00:00:00Z');

const windowAt = (i: number, change: Partial<HealthWindow> = {}): HealthWindow => ({
  starts_at: new Date(start + i * 1_800_000).toISOString(),
  status: 'none', available: 0, slow: 0, empty: 0, failed: 0, down: 0, ttft_ms: null, is_probed: false, ...change,
});

const channel = (id: string): ChannelHealth => ({
  id, name: `channel ${id}`, status: 'degraded', ttft_ms: 430, incidents: [],
  windows: Array.from({ length: 48 }, (_, i) =>
    i === 47 ? windowAt(i, { status: 'degraded', available: 9, empty: 1, failed: 2, ttft_ms: 430 }) : windowAt(i)),
});

const cells = () => screen.getAllByRole('gridcell').filter((cell) => cell.id.startsWith('heat-'));

describe('heat strip', () => {
  beforeEach(() => {
    render(
      <IntlProvider locale="en" messages={en} timeZone="UTC">
        <HealthGrid channels={[channel('a'), channel('b')]} />
      </IntlProvider>,
    );
  });

  afterEach(cleanup);

  it('has 48 cells for each channel, each with its figures as its name', () => {
    expect(cells()).toHaveLength(96);
    expect(cells()[0]?.getAttribute('aria-label')).toBe('00:00–00:30, No data');
    expect(cells()[47]?.getAttribute('aria-label')).toBe(
      '23:30–00:00, Degraded; Samples 12, Success 9, Of these slow 0, Empty 1, Degraded 2, Down 0, First token 430 ms',
    );
  });

  it('is one stop for Tab, and arrows go on from there', async () => {
    const user = userEvent.setup();
    expect(cells().filter((cell) => cell.tabIndex === 0)).toHaveLength(1);
    cells()[47]?.focus();
    await user.keyboard('{ArrowDown}{ArrowLeft}');
    expect(document.activeElement?.id).toBe('heat-1-46');
    await user.keyboard('{Control>}{Home}{/Control}');
    expect(document.activeElement?.id).toBe('heat-0-0');
    expect(cells().filter((cell) => cell.tabIndex === 0)).toEqual([document.activeElement]);
  });

  it('shows the figures of the cell that has the focus', async () => {
    cells()[47]?.focus();
    expect(await screen.findByText('23:30–00:00')).toBeTruthy();
  });
});

describe('moved', () => {
  it.each([
    ['ArrowLeft', { row: 0, column: 0 }, { row: 0, column: 0 }],
    ['ArrowRight', { row: 1, column: 47 }, { row: 1, column: 47 }],
    ['ArrowUp', { row: 0, column: 5 }, { row: 0, column: 5 }],
    ['ArrowDown', { row: 1, column: 5 }, { row: 1, column: 5 }],
    ['End', { row: 0, column: 5 }, { row: 0, column: 47 }],
  ])('%s stays inside', (key, from, to) => {
    expect(moved(from, key, false, 2, 48)).toEqual(to);
  });

  it('leaves other keys alone', () => {
    expect(moved({ row: 0, column: 0 }, 'Tab', false, 2, 48)).toBeNull();
  });
});
