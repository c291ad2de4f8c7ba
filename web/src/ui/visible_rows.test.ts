import { describe, expect, it } from 'vitest';

import { ROW_HEIGHT, visibleRows } from './visible_rows';

describe('visibleRows', () => {
  it('has all of a short table', () => {
    expect(visibleRows(300, -5000, 800)).toEqual({ first: 0, end: 300 });
    expect(visibleRows(0, 0, 800)).toEqual({ first: 0, end: 0 });
  });

  it('has every row that can be seen, and not many more', () => {
    const count = 10_000;
    for (let top = 3000; top > -count * ROW_HEIGHT - 3000; top -= 777) {
      const { first, end } = visibleRows(count, top, 900);
      const seen = (row: number) =>
        top + row * ROW_HEIGHT < 900 && top + (row + 1) * ROW_HEIGHT > 0;
      for (let row = 0; row < count; ++row) {
        if (seen(row) && (row < first || row >= end)) throw new Error(`row ${row} at ${top}`);
      }
      expect(end - first).toBeLessThan(95);
      expect(end).toBeGreaterThanOrEqual(first);
    }
  });
});
