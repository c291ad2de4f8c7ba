import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';

import { CoverageSchema, Gap_Reason } from '@gen/flamekeep/v1/selection_pb';

import { spansOf } from './coverage_spans';

const range = (from: number, to: number) => ({
  begin: timestampFromMs(from),
  end: timestampFromMs(to),
});
const gap = (from: number, to: number, reason = Gap_Reason.TRIMMED) => ({
  range: range(from, to),
  reason,
});
const drawn = (more: object) =>
  spansOf(create(CoverageSchema, { covered: range(0, 100), ...more })).map(
    ({ kind, range: { from, to } }) => `${kind} ${from} ${to}`,
  );

describe('spans of a coverage', () => {
  it('are the gaps, and what is not complete', () => {
    expect(drawn({})).toEqual([]);
    expect(drawn({ gaps: [gap(5, 10)], completeThrough: timestampFromMs(80) })).toEqual([
      'gap 5 10',
      'incomplete 80 100',
    ]);
  });

  it('are one where gaps of several sources overlap or touch', () => {
    const gaps = [gap(30, 40), gap(50, 60), gap(5, 20), gap(5, 10), gap(10, 12), gap(20, 25)];
    expect(drawn({ gaps })).toEqual(['gap 5 25', 'gap 30 40', 'gap 50 60']);
  });

  it('are none where nothing is lost', () => {
    expect(drawn({ gaps: [gap(5, 10, Gap_Reason.UNHASHED)] })).toEqual([]);
  });
});
