import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { HeatCells_State as State, HeatCellsSchema } from '@gen/flamekeep/v1/series_pb';

import { LEVELS, NO_SAMPLES, OUTSIDE, UNKNOWN } from '@/charts/heat_scale';

import { aboutCell, looksOf, scaleOfCells } from './heat_values';

const cells = create(HeatCellsSchema, {
  states: [State.OUTSIDE, State.UNKNOWN, State.KNOWN, State.KNOWN, State.KNOWN],
  totals: [0n, 0n, 0n, 1000n, 2000n],
  observations: [0n, 0n, 0n, 1n, 2n],
  values: [0n, 0n, 0n, 500n, 500n],
  selfs: [0n, 0n, 0n, 0n, 20n],
});
const looks = (part: 'value' | 'self' | undefined, from = 0) =>
  [...looksOf(cells, part, from, 5, scaleOfCells(cells, part, from, 5))];

describe('cells of a heat map', () => {
  it('look like their value, or say that there is none', () => {
    expect(looks(undefined)).toEqual([OUTSIDE, UNKNOWN, NO_SAMPLES, 0, LEVELS - 1]);
    expect(looks('value')).toEqual([OUTSIDE, UNKNOWN, NO_SAMPLES, LEVELS - 1, 0]);
    expect(looks('self', 3)).toEqual([0, LEVELS - 1]);
  });

  it('are told in words', () => {
    const about = (cell: number, part?: 'value' | 'self') =>
      aboutCell(cells, part, cell, 'nanoseconds').join('; ');
    expect(about(0)).toBe('outside of the calendar');
    expect(about(1)).toBe('not known so finely: kept as longer spans only');
    expect(about(2)).toBe('no samples');
    expect(about(3, 'value')).toBe('1 sample; 1.00 µs; 50.0 % in the function and what it calls');
    expect(about(4, 'self')).toBe('2 samples; 2.00 µs; 1.0 % in the function itself');
    expect(aboutCell(cells, undefined, 4, 'count')).toEqual(['2 samples', 'total 2,000']);
  });
});
