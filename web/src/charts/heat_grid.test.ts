import { describe, expect, it } from 'vitest';

import { DAY } from '@/format/times';

import {
  calendarGrid,
  cellAt,
  cellByKey,
  hourGrid,
  nearestCell,
  outlineOf,
  placeOf,
  weekday,
  type HeatGrid,
  type Place,
} from './heat_grid';

// Digits are cells, by their last one; dots are places without one.
function drawn(grid: HeatGrid): string {
  const lines = Array.from({ length: grid.rows }, (_, row) =>
    Array.from({ length: grid.columns }, (_, column) => {
      const cell = cellAt(grid, { column, row });
      return cell === undefined ? '.' : String(cell % 10);
    }).join(''),
  );
  return lines.join('\n');
}

const GRIDS: [string, HeatGrid][] = [
  ['a week from a Monday', calendarGrid(Date.UTC(2026, 10, 23), 7)],
  ['one day', calendarGrid(Date.UTC(2026, 10, 22), 1)],
  ['a year', calendarGrid(Date.UTC(2025, 11, 1), 365)],
  ['a leap year', calendarGrid(Date.UTC(2024, 0, 1), 366)],
  ['hours of a day', hourGrid(Date.UTC(2026, 10, 22), 1)],
  ['hours of eight weeks', hourGrid(Date.UTC(2026, 9, 5), 56)],
];

describe('a calendar', () => {
  it('has Mondays on top and weeks as columns', () => {
    // 2026-11-26 is a Thursday.
    expect(drawn(calendarGrid(Date.UTC(2026, 10, 26), 16))).toBe(
      ['.41', '.52', '.63', '074', '185', '29.', '30.'].join('\n'),
    );
  });

  it('names months at the column of their first day', () => {
    const names = calendarGrid(Date.UTC(2025, 11, 1), 365).columnNames;
    expect(names.map(({ text }) => text)).toEqual(
      'Dec 2025,Jan 2026,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov'.split(','),
    );
    for (const { at, text } of names.slice(1)) {
      const first = Date.UTC(2026, 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov'.indexOf(text.slice(0, 3)) / 4, 1);
      const week = (first - weekday(first) * DAY - Date.UTC(2025, 11, 1)) / (7 * DAY);
      expect(at, text).toBe(week);
    }
  });

  it('leaves out the name of a first month that has no room', () => {
    const names = calendarGrid(Date.UTC(2026, 0, 25), 60).columnNames;
    expect(names).toEqual([
      { at: 1, text: 'Feb 2026' },
      { at: 5, text: 'Mar' },
    ]);
  });
});

describe('a map of hours', () => {
  it('has days as columns, and names Mondays', () => {
    const grid = hourGrid(Date.UTC(2026, 10, 26), 12);
    expect(placeOf(grid, 24 * 3 + 7)).toEqual({ column: 3, row: 7 });
    expect(grid.columnNames).toEqual([
      { at: 0, text: '26 Nov' },
      { at: 4, text: '30 Nov' },
      { at: 11, text: '7 Dec' },
    ]);
  });
});

describe.each(GRIDS)('the grid of %s', (_, grid) => {
  it('has a place for each cell, and one cell at each', () => {
    const seen = new Set<string>();
    for (let cell = 0; cell < grid.size; ++cell) {
      const place = placeOf(grid, cell);
      expect(cellAt(grid, place)).toBe(cell);
      expect(nearestCell(grid, place)).toBe(cell);
      expect(place.column).toBeLessThan(grid.columns);
      seen.add(`${place.column} ${place.row}`);
    }
    expect(seen.size).toBe(grid.size);
  });

  it('is never left by keys and pointers', () => {
    for (const cell of [0, 1, Math.floor(grid.size / 2), grid.size - 1].filter((at) => at < grid.size)) {
      for (const key of ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown', 'Home', 'End']) {
        const to = cellByKey(grid, cell, key)!;
        expect(to >= 0 && to < grid.size).toBe(true);
      }
    }
    expect(cellByKey(grid, 0, 'Enter')).toBeUndefined();
    expect(nearestCell(grid, { column: -5, row: -5 })).toBe(0);
    expect(nearestCell(grid, { column: 1e4, row: 99 })).toBe(grid.size - 1);
    expect(cellAt(grid, { column: 0, row: grid.rows })).toBeUndefined();
  });

  it('has a line around exactly the cells from one to another', () => {
    const step = Math.max(1, Math.floor(grid.size / 13));
    for (let one = 0; one < grid.size; one += step) {
      for (let other = 0; other < grid.size; other += step) {
        const corners = outlineOf(grid, one, other);
        for (let cell = 0; cell < grid.size; ++cell) {
          const between = cell >= Math.min(one, other) && cell <= Math.max(one, other);
          if (isInside(corners, placeOf(grid, cell)) !== between) {
            expect.fail(`cell ${cell} of the span from ${one} to ${other}`);
          }
        }
      }
    }
  });
});

// Of the middle of a cell: by how often a line to its right crosses the outline.
function isInside(corners: Place[], { column, row }: Place): boolean {
  const crossings = corners.filter((corner, i) => {
    const next = corners[(i + 1) % corners.length];
    const [top, bottom] = [Math.min(corner.row, next.row), Math.max(corner.row, next.row)];
    return corner.column > column && corner.column === next.column && top <= row && row < bottom;
  });
  return crossings.length % 2 === 1;
}
