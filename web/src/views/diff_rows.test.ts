import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { DiffResponse_FunctionSchema, DiffResponseSchema } from '@gen/flamekeep/v1/diff_pb';

import { rowsOf, sortedRows, summaryOf, type DiffColumn } from './diff_rows';

const compared = (baselineShare: number, selectionShare: number) => ({
  baselineShare,
  selectionShare,
  difference: selectionShare - baselineShare,
});
const functions = [
  { function: 'grew', self: compared(0.1, 0.3), total: compared(0.5, 0.5) },
  { function: 'a shrank', self: compared(0.5, 0.2), total: compared(0.9, 0.1) },
  { function: 'Is new', self: compared(0, 0.05), total: compared(0, 0.05) },
].map((row) => create(DiffResponse_FunctionSchema, row));

describe('rows of a diff', () => {
  const names = (by: DiffColumn, descending: boolean, value: 'self' | 'total' = 'self') =>
    sortedRows(rowsOf(functions, value), by, descending).map((row) => row.function);

  it('are sorted by the size of the difference, whichever way it goes', () => {
    expect(names('difference', true)).toEqual(['a shrank', 'grew', 'Is new']);
    expect(names('difference', true, 'total')).toEqual(['a shrank', 'Is new', 'grew']);
  });

  it('are sorted by name and by share', () => {
    expect(names('function', false)).toEqual(['Is new', 'a shrank', 'grew']);
    expect(names('baseline', true)).toEqual(['a shrank', 'grew', 'Is new']);
    expect(names('selection', false)).toEqual(['Is new', 'a shrank', 'grew']);
  });
});

describe('the summary of a diff', () => {
  const text = (more: object) =>
    summaryOf(
      create(DiffResponseSchema, {
        baseline: { total: 100n },
        coverage: { total: 100n },
        baselineBuckets: 60,
        buckets: 60,
        functionCount: 4599n,
        ...more,
      }),
    ).text;

  it('counts what is beyond noise', () => {
    expect(text({ beyondNoise: 12n })).toBe('12 of 4,599 functions differ beyond noise.');
    expect(text({ beyondNoise: 1n })).toBe('1 of 4,599 functions differs beyond noise.');
    expect(text({})).toBe('None of 4,599 functions differs beyond noise.');
  });

  it('says why there is no verdict', () => {
    expect(text({ baselineBuckets: 1 })).toBe(
      'Not enough data to tell differences from noise: the baseline holds samples in 1 part of its time, and 5 are needed. Choose a longer range.',
    );
    expect(text({ buckets: 4 })).toContain('the selection holds samples in 4 parts of its time');
    expect(text({ baseline: { total: 0n } })).toBe(
      'The baseline holds no samples: choose another time or selector for it.',
    );
    expect(text({ coverage: { total: 0n } })).toContain('The selection holds no samples');
  });
});
