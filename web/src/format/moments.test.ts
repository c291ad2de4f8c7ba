import { expect, it } from 'vitest';

import { ago, duration, utc } from './moments';

it.each([
  [0, '0 s'],
  [-5, '0 s'],
  [0.6, '1 s'],
  [59.4, '59 s'],
  [100, '1 min 40 s'],
  [3600, '1 h'],
  [3605, '1 h'],
  [5400, '1 h 30 min'],
  [30 * 86_400 + 5 * 3600 + 60, '30 d 5 h'],
  [90_061, '1 d 1 h'],
  [400 * 86_400, '1 y 35 d'],
])('%d seconds', (seconds, text) => expect(duration(seconds)).toBe(text));

it('tells moments', () => {
  const time = Date.UTC(2026, 10, 20, 13, 5, 7, 900);
  expect(utc(time)).toBe('2026-11-20 13:05:07 UTC');
  expect(ago(time, time + 62_000)).toBe('1 min 2 s ago');
  expect(ago(time, time - 1000)).toBe('0 s ago');
});
