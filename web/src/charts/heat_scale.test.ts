import { describe, expect, it } from 'vitest';

import { levelOf, LEVELS, scaleOf } from './heat_scale';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('a scale of a heat map', () => {
  it('spreads values over all levels, each as wide as the others', () => {
    const scale = scaleOf(upTo(701));
    expect(scale).toEqual({ low: 7, high: 693, clippedLow: true, clippedHigh: true });
    const counts = new Array<number>(LEVELS).fill(0);
    for (const value of upTo(693).slice(7)) counts[levelOf(scale, value)] += 1;
    expect(counts).toEqual(new Array<number>(LEVELS).fill(98));
    expect([0, 700].map((value) => levelOf(scale, value))).toEqual([0, LEVELS - 1]);
  });

  it('is not stretched by a single value', () => {
    const scale = scaleOf([...upTo(200), 1e9]);
    expect(scale.high).toBeLessThan(200);
    expect(levelOf(scale, 1e9)).toBe(LEVELS - 1);
  });

  it('shows a growth by a tenth, and not one by a hundredth', () => {
    const levels = (values: number[]) => values.map((value) => levelOf(scaleOf(values), value));
    expect(levels([0.3, 0.33])).toEqual([2, 4]);
    expect(levels([0.3, 0.303])).toEqual([3, 3]);
  });

  it('is of use where all values are equal or zero, and where there are none', () => {
    expect(levelOf(scaleOf([5, 5]), 5)).toBe(3);
    expect(levelOf(scaleOf([0, 0]), 0)).toBe(0);
    expect(scaleOf([]).clippedHigh).toBe(false);
  });
});
