// Where the cells of a heat map lie: one after the other in time, down the columns. A calendar has
// the days of a week in each column, a map of hours the hours of a day.

import { DAY, MONTHS, WEEKDAYS } from '@/format/times';

export interface HeatGrid {
  size: number; // cells
  rows: number;
  columns: number;
  lead: number; // places of the first column that are in front of the first cell
  rowNames: Name[];
  columnNames: Name[];
}

// A text and the row or column that it stands at.
export interface Name {
  at: number;
  text: string;
}

export interface Place {
  column: number;
  row: number;
}

const HOURS = 24;
const NAME_COLUMNS = 4; // that a name takes

// Monday is 0.
export function weekday(day: number): number {
  return (new Date(day).getUTCDay() + 6) % 7;
}

// `first` is the midnight of the first day, UTC.
export function calendarGrid(first: number, days: number): HeatGrid {
  const lead = weekday(first);
  return {
    size: days,
    rows: 7,
    columns: Math.ceil((lead + days) / 7),
    lead,
    rowNames: WEEKDAYS.map((text, at) => ({ at, text })),
    columnNames: monthNames(first, days, (day) => Math.floor((lead + day) / 7)),
  };
}

export function hourGrid(first: number, days: number): HeatGrid {
  const mondays = Array.from({ length: days }, (_, day) => day).filter(
    (day) => day === 0 || weekday(first + day * DAY) === 0,
  );
  return {
    size: days * HOURS,
    rows: HOURS,
    columns: days,
    lead: 0,
    rowNames: [0, 6, 12, 18].map((at) => ({ at, text: `${String(at).padStart(2, '0')}:00` })),
    columnNames: spaced(
      mondays.map((at) => {
        const date = new Date(first + at * DAY);
        return { at, text: `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}` };
      }),
    ),
  };
}

// Each month at its first whole column; the first one wherever it begins. The year stands at the
// first one and at each January.
function monthNames(first: number, days: number, columnOf: (day: number) => number): Name[] {
  const months = Array.from({ length: days }, (_, day) => day).filter(
    (day) => day === 0 || new Date(first + day * DAY).getUTCDate() === 1,
  );
  const names = spaced(months.map((day) => ({ at: columnOf(day), day })));
  return names.map(({ at, day }, i) => {
    const date = new Date(first + day * DAY);
    const month = MONTHS[date.getUTCMonth()];
    return { at, text: i === 0 || month === 'Jan' ? `${month} ${date.getUTCFullYear()}` : month };
  });
}

// Without a first one that would touch the second.
function spaced<T extends { at: number }>(names: T[]): T[] {
  return names.filter((name, i) => i > 0 || (names[1]?.at ?? Infinity) - name.at >= NAME_COLUMNS);
}

export function placeOf(grid: HeatGrid, cell: number): Place {
  const at = grid.lead + cell;
  return { column: Math.floor(at / grid.rows), row: at % grid.rows };
}

// The inverse; undefined where no cell lies.
export function cellAt(grid: HeatGrid, { column, row }: Place): number | undefined {
  if (row < 0 || row >= grid.rows) return undefined;
  const cell = column * grid.rows + row - grid.lead;
  return cell >= 0 && cell < grid.size ? cell : undefined;
}

// The nearest cell, for a pointer that has left the grid.
export function nearestCell(grid: HeatGrid, { column, row }: Place): number {
  const inside = Math.max(0, Math.min(grid.rows - 1, row));
  return Math.max(0, Math.min(grid.size - 1, column * grid.rows + inside - grid.lead));
}

// Where a key leads from a cell; undefined for keys that lead nowhere.
export function cellByKey(grid: HeatGrid, cell: number, key: string): number | undefined {
  const steps: Partial<Record<string, number>> = {
    ArrowUp: -1,
    ArrowDown: 1,
    ArrowLeft: -grid.rows,
    ArrowRight: grid.rows,
    PageUp: -4 * grid.rows,
    PageDown: 4 * grid.rows,
    Home: -grid.size,
    End: grid.size,
  };
  const step = steps[key];
  return step === undefined ? undefined : Math.max(0, Math.min(grid.size - 1, cell + step));
}

// The corners of a line around the cells from one to the other, both included: what is left of the
// first column, whole columns, what there is of the last.
export function outlineOf(grid: HeatGrid, one: number, other: number): Place[] {
  const begin = placeOf(grid, Math.min(one, other));
  const end = placeOf(grid, Math.max(one, other));
  const corner = (column: number, row: number): Place => ({ column, row });
  if (begin.column === end.column) {
    return [
      corner(begin.column, begin.row),
      corner(begin.column + 1, begin.row),
      corner(begin.column + 1, end.row + 1),
      corner(begin.column, end.row + 1),
    ];
  }
  return [
    corner(begin.column, begin.row),
    corner(begin.column + 1, begin.row),
    corner(begin.column + 1, 0),
    corner(end.column + 1, 0),
    corner(end.column + 1, end.row + 1),
    corner(end.column, end.row + 1),
    corner(end.column, grid.rows),
    corner(begin.column, grid.rows),
  ];
}
