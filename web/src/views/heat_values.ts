// From an answer's cells to what a heat map draws, and says, of them.
import { HeatCells_State, type HeatCells } from '@gen/flamekeep/v1/series_pb';

import {
  levelOf,
  NO_SAMPLES,
  OUTSIDE,
  scaleOf,
  UNKNOWN,
  type HeatScale,
} from '@/charts/heat_scale';
import { exactly, percent, shareOf, withUnit } from '@/format/numbers';

import type { Part } from './series_lines';

function drawnValue(cells: HeatCells, cell: number, part: Part | undefined): number {
  const total = cells.totals[cell];
  return part ? shareOf(cells[`${part}s`][cell], total) : Number(total);
}

// Over the cells from one to behind the last: their scale.
export function scaleOfCells(
  cells: HeatCells,
  part: Part | undefined,
  from: number,
  to: number,
): HeatScale {
  const values: number[] = [];
  for (let cell = from; cell < to; ++cell) {
    if (cells.states[cell] === HeatCells_State.KNOWN && cells.totals[cell] > 0n) {
      values.push(drawnValue(cells, cell, part));
    }
  }
  return scaleOf(values);
}

export function looksOf(
  cells: HeatCells,
  part: Part | undefined,
  from: number,
  to: number,
  scale: HeatScale,
): Int8Array {
  return Int8Array.from({ length: to - from }, (_, i) => {
    const cell = from + i;
    const state = cells.states[cell];
    if (state === HeatCells_State.UNKNOWN) return UNKNOWN;
    if (state !== HeatCells_State.KNOWN) return OUTSIDE;
    return cells.totals[cell] === 0n ? NO_SAMPLES : levelOf(scale, drawnValue(cells, cell, part));
  });
}

const PART_TEXTS: Record<Part, string> = {
  value: 'in the function and what it calls',
  self: 'in the function itself',
};

// Sentences about a cell.
export function aboutCell(
  cells: HeatCells,
  part: Part | undefined,
  cell: number,
  unit: string,
): string[] {
  const state = cells.states[cell];
  if (state === HeatCells_State.OUTSIDE) return ['outside of the calendar'];
  if (state === HeatCells_State.UNKNOWN) return ['not known so finely: kept as longer spans only'];
  const total = cells.totals[cell];
  if (total === 0n) return ['no samples'];
  const observations = cells.observations[cell];
  const lines = [`${exactly(observations)} ${observations === 1n ? 'sample' : 'samples'}`];
  if (unit !== 'count' && unit !== 'samples') lines.push(withUnit(total, unit));
  else if (total !== observations) lines.push(`total ${exactly(total)}`);
  if (part) {
    const value = cells[`${part}s`][cell];
    lines.push(`${percent(shareOf(value, total))} ${PART_TEXTS[part]}`);
  }
  return lines;
}
