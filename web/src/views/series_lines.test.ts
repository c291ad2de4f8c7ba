import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';

import { SeriesResponseSchema } from '@gen/flamekeep/v1/series_pb';

import { REST_COLOR, seriesColor } from '@/charts/palette';

import { edgesOf, linesOf } from './series_lines';

const MINUTES = [0, 1, 6];
const edges = MINUTES.map((minute) => timestampFromMs(minute * 60_000));
const group = (labels: string[]) => ({
  labels,
  totals: [10n, 0n],
  values: [5n, 0n],
  selfs: [1n, 0n],
  total: 10n,
  value: 5n,
  self: 1n,
});

describe('lines of a series', () => {
  it('are rates by the minute, however long a point is', () => {
    const response = create(SeriesResponseSchema, {
      edges,
      groups: [{ totals: [10n, 50n], total: 60n }],
    });
    expect(linesOf(response, undefined)).toEqual([
      { label: 'All samples', color: seriesColor(0), dash: [], values: [10, 10], total: 60n, part: 0n },
    ]);
    expect(edgesOf(response)).toEqual([0, 60_000, 360_000]);
  });

  it('are shares of a function, and unknown where there are no samples', () => {
    const response = create(SeriesResponseSchema, { edges, groups: [group([])] });
    expect(linesOf(response, 'value')[0]).toMatchObject({ values: [0.5, null], part: 5n });
    expect(linesOf(response, 'self')[0]).toMatchObject({ values: [0.1, null], part: 1n });
  });

  it('are named by the label, and have the others last', () => {
    const response = create(SeriesResponseSchema, {
      edges,
      groups: [group(['api']), group([''])],
      groupsLeftOut: 3n,
      rest: group([]),
    });
    const lines = linesOf(response, 'value');
    expect(lines.map(({ label, labelValue, color }) => [label, labelValue, color])).toEqual([
      ['api', 'api', seriesColor(0)],
      ['(none)', '', seriesColor(1)],
      ['3 others', undefined, REST_COLOR],
    ]);
  });

  it('have looks of their own, also where there are more than colours', () => {
    const groups = Array.from({ length: 20 }, (_, i) => group([`${i}`]));
    const response = create(SeriesResponseSchema, { edges, groups });
    const looks = linesOf(response, undefined).map(({ color, dash }) => `${color} ${dash!.join()}`);
    expect(new Set(looks).size).toBe(20);
  });
});
