import { describe, expect, it } from 'vitest';
import { clock, duration, moment } from './time';

describe('duration', () => {
  it.each([
    [400, '400 ms'],
    [2500, '2.5 sec'],
    [90_000, '1 min 30 sec'],
    [5_400_000, '1 hr 30 min'],
    [604_800_000, '7 days'],
  ])('says %d ms as %s', (ms, text) => {
    expect(duration(ms, 'en')).toBe(text);
  });

  it('speaks the reader\'s language', () => {
    expect(duration(5_400_000, 'zh')).toBe('1小时 30分钟');
  });
});

describe('moments', () => {
  it('are in the reader\'s zone', () => {
    expect(clock('2026-11-21T23:30:00Z', 'en', 'Asia/Shanghai')).toBe('07:30');
    expect(moment('2026-11-21T23:30:00Z', 'en', 'Asia/Shanghai')).toBe('Nov 22, 07:30');
  });

  it('never show an hour 24', () => {
    expect(clock('2026-11-21T00:00:00Z', 'en', 'UTC')).toBe('00:00');
  });
});
