import { describe, expect, it } from 'vitest';

import { levelOf, LEVELS, scaleOf } from './heat_scale';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('a scale of a heat map', () => {
  it('spreads values over all levels, each as wide as the others', () => {
    const scale = scaleOf(upTo(701), 'zero');
    expect(scale).toEqual({ low: 0, high: 693, clippedLow: false, clippedHigh: true });
    const counts = new Array<number>(LEVELS).fill(0);
    for (const value of upTo(693)) counts[levelOf(scale, value)] += 1;
    expect(counts).toEqual(new Array<number>(LEVELS).fill(99));
  });

  it('is not stretched by a single value', () => {
    const scale = scaleOf([...upTo(200), 1e9], 'zero');
    expect(scale.high).toBeLessThan(200);
    expect(levelOf(scale, 1e9)).toBe(LEVELS - 1);
  });

  it('begins at the lowest value where that is asked for', () => {
    const scale = scaleOf([0.031, 0.032, 0.033], 'lowest');
    expect([0.031, 0.032, 0.033].map((value) => levelOf(scale, value))).toEqual([0, 3, 6]);
    expect(levelOf(scale, 0)).toBe(0);
  });

  it('is of use where all values are equal, and where there are none', () => {
    expect(levelOf(scaleOf([5, 5], 'lowest'), 5)).toBe(LEVELS - 1);
    expect(scaleOf([], 'zero').clippedHigh).toBe(false);
  });
});
