import { describe, expect, it } from 'vitest';

import { DAY, HOUR, MINUTE, YEAR } from '@/format/times';

import {
  defaultRange,
  holds,
  lastOf,
  lengthOf,
  pannedWindow,
  SHORTCUTS,
  shifted,
  windowOf,
  zoomedOut,
  zoomedWindow,
} from './ranges';

const NOW = Date.UTC(2026, 10, 30, 15, 37, 12, 345);
const MINUTE_NOW = Date.UTC(2026, 10, 30, 15, 37);
const LIVE = { from: MINUTE_NOW - YEAR, to: MINUTE_NOW };
const OLD = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2024, 2, 1, 0, 7) };

describe('lastOf', () => {
  it('ends now, at whole minutes', () => {
    expect(lastOf(HOUR, LIVE, NOW)).toEqual({ from: MINUTE_NOW - HOUR, to: MINUTE_NOW });
    expect(lastOf(HOUR, null, NOW)).toEqual({ from: MINUTE_NOW - HOUR, to: MINUTE_NOW });
  });

  it('ends with the newest sample where it would be empty else', () => {
    expect(lastOf(DAY, OLD, NOW)).toEqual({ from: OLD.to - DAY, to: OLD.to });
    expect(lastOf(5 * YEAR, OLD, NOW).to).toBe(MINUTE_NOW);
  });

  it('begins at a whole hour where it is long', () => {
    const { from, to } = lastOf(30 * DAY, LIVE, NOW);
    expect(from % HOUR).toBe(0);
    expect(to).toBe(MINUTE_NOW);
    expect(to - from).toBeGreaterThanOrEqual(30 * DAY);
  });
});

describe('defaultRange', () => {
  it('is the last day', () => {
    expect(defaultRange(LIVE, NOW)).toEqual({ from: MINUTE_NOW - DAY, to: MINUTE_NOW });
  });

  it('begins with the samples', () => {
    const young = { from: OLD.to - 14 * MINUTE, to: OLD.to };
    expect(defaultRange(young, NOW)).toEqual(young);
  });
});

describe('steps', () => {
  const range = { from: MINUTE_NOW - 3 * HOUR, to: MINUTE_NOW - 2 * HOUR };

  it('go back and forth', () => {
    expect(shifted(range, -1)).toEqual({ from: range.from - HOUR, to: range.from });
    expect(shifted(shifted(range, -1), 1)).toEqual(range);
  });

  it('zoom out around the middle, and not beyond now', () => {
    expect(zoomedOut(range, NOW)).toEqual({ from: range.from - HOUR / 2, to: range.to + HOUR / 2 });
    const newest = { from: MINUTE_NOW - HOUR, to: MINUTE_NOW };
    expect(zoomedOut(newest, NOW)).toEqual({ from: MINUTE_NOW - 2 * HOUR, to: MINUTE_NOW });
  });
});

describe('windows', () => {
  const lengths = [MINUTE, 7 * MINUTE, ...SHORTCUTS.map(({ length }) => length), 2 * YEAR, 40 * YEAR];

  it.each(lengths)('show a range of %d well', (length) => {
    for (const to of [MINUTE_NOW, MINUTE_NOW - YEAR, MINUTE_NOW + YEAR]) {
      const range = { from: to - length, to };
      for (const extent of [null, LIVE, OLD, range]) {
        const window = windowOf(range, extent, NOW);
        expect(holds(window, range)).toBe(true);
        expect(window.from % MINUTE).toBe(0);
        expect(window.to).toBeLessThanOrEqual(Math.max(to, MINUTE_NOW + MINUTE));
      }
    }
  });

  it('end with the samples', () => {
    const day = { from: OLD.to - DAY, to: OLD.to };
    expect(windowOf(day, OLD, NOW).to).toBeLessThan(OLD.to + DAY / 5);
    expect(windowOf(day, null, NOW).to).toBeGreaterThan(OLD.to + DAY);
  });

  it('do not hold what is outside, too wide or too thin', () => {
    const window = { from: MINUTE_NOW - DAY, to: MINUTE_NOW };
    expect(holds(window, { from: window.from - MINUTE, to: MINUTE_NOW })).toBe(false);
    expect(holds(window, window)).toBe(false);
    expect(holds(window, { from: MINUTE_NOW - MINUTE, to: MINUTE_NOW })).toBe(false);
  });

  it('zoom around a time, and back', () => {
    const window = { from: MINUTE_NOW - 9 * DAY, to: MINUTE_NOW - DAY };
    const about = window.from + 2 * DAY;
    const closer = zoomedWindow(window, 0.5, about, NOW);
    expect(closer).toEqual({ from: about - DAY, to: about + 3 * DAY });
    expect(zoomedWindow(closer, 2, about, NOW)).toEqual(window);
  });

  it('stay between minutes and decades, and show nothing to come', () => {
    let window = { from: MINUTE_NOW - DAY, to: MINUTE_NOW };
    for (let i = 0; i < 40; ++i) window = zoomedWindow(window, 1.7, window.to, NOW);
    expect(lengthOf(window)).toBe(20 * YEAR);
    expect(window.to).toBeLessThanOrEqual(MINUTE_NOW + MINUTE);
    for (let i = 0; i < 60; ++i) window = zoomedWindow(window, 0.6, window.to, NOW);
    expect(lengthOf(window)).toBe(10 * MINUTE);
  });

  it('are panned up to now', () => {
    const window = { from: MINUTE_NOW - 2 * DAY, to: MINUTE_NOW - DAY };
    expect(pannedWindow(window, -0.5, NOW)).toEqual({
      from: window.from - DAY / 2,
      to: window.to - DAY / 2,
    });
    expect(pannedWindow(window, 5, NOW).to).toBe(MINUTE_NOW + MINUTE);
  });
});
