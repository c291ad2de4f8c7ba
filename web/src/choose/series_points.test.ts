import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';

import { Level } from '@gen/flamekeep/v1/common_pb';
import { SeriesResponseSchema, StepSchema } from '@gen/flamekeep/v1/series_pb';

import { pointsOf, stepText } from './series_points';

const HOUR = 3_600_000;
const range = (from: number, to: number) => ({
  begin: timestampFromMs(from * HOUR),
  end: timestampFromMs(to * HOUR),
});

describe('pointsOf', () => {
  const response = create(SeriesResponseSchema, {
    coverage: {
      covered: range(0, 4),
      unit: 'count',
      completeThrough: timestampFromMs(2 * HOUR),
      gaps: [{ range: range(0, 1) }],
    },
    step: { unit: Level.HOUR, count: 1 },
    edges: [0, 1, 4].map((hour) => timestampFromMs(hour * HOUR)),
    groups: [{ totals: [7n, 2n] }],
  });

  it('keeps what a chart needs, and takes nothing to come for missing', () => {
    expect(pointsOf(response, 3 * HOUR)).toEqual({
      edges: [0, HOUR, 4 * HOUR],
      totals: [7, 2],
      unit: 'count',
      step: 'hour',
      spans: [
        { kind: 'gap', range: { from: 0, to: HOUR } },
        { kind: 'incomplete', range: { from: 2 * HOUR, to: 3 * HOUR } },
      ],
    });
  });

  it('is empty points where nothing is selected', () => {
    expect(pointsOf({ ...response, groups: [] }, HOUR).totals).toEqual([0, 0]);
  });
});

describe('stepText', () => {
  it.each([
    [Level.MINUTE, 1, 'minute'],
    [Level.MINUTE, 15, '15 minutes'],
    [Level.DAY, 7, 'week'],
    [Level.MONTH, 3, '3 months'],
  ])('%d %d', (unit, count, text) => {
    expect(stepText(create(StepSchema, { unit, count }))).toBe(text);
  });
});
