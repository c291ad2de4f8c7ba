import { describe, expect, it } from 'vitest';

import { relativeTime, withFixedTimes } from './relative_times';

const NOW = Date.UTC(2026, 10, 20, 13, 30, 20);

describe('relative times', () => {
  it.each([
    ['now', NOW],
    ['now-90s', NOW - 90_000],
    ['now-1h', NOW - 3_600_000],
    ['now-2w', NOW - 14 * 86_400_000],
    ['now+1h', undefined],
    ['now-1y', undefined],
    ['2026-11-20', undefined],
  ])('%s', (text, time) => {
    expect(relativeTime(text, NOW)).toBe(time);
  });

  it('become fixed in an address', () => {
    const { search, unread } = withFixedTimes('?query=a%3D%26&from=now-1h&to=now', NOW);
    const params = new URLSearchParams(search);
    expect(params.get('query')).toBe('a=&');
    expect(params.get('from')).toBe('2026-11-20T12:30');
    expect(params.get('to')).toBe('2026-11-20T13:30');
    expect(unread).toEqual([]);
  });

  it('are told where they can not be read', () => {
    const { search, unread } = withFixedTimes('?from=yesterday&to=2026-11-20', NOW);
    expect(new URLSearchParams(search).get('from')).toBe('yesterday');
    expect(unread).toEqual(['yesterday']);
  });
});
