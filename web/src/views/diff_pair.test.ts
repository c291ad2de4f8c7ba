import { describe, expect, it } from 'vitest';

import { DAY, HOUR } from '@/format/times';

import { baselineOf, earlierRanges, pairOf, sameSides, sideText, swapped, titleOf, type Side } from './diff_pair';

const T = Date.UTC(2026, 10, 20, 13);
const range = { from: T, to: T + HOUR };
const before = { from: T - HOUR, to: T };
const A: Side = { selector: 'a', range };
const B: Side = { selector: 'b', range: before };

describe('the sides of a diff', () => {
  it('are not there before both are chosen', () => {
    expect(pairOf({ selector: 'a', range, baseline: null })).toBeNull();
    expect(pairOf({ selector: '', range, baseline: { selector: 'b', range } })).toBeNull();
    expect(pairOf({ selector: 'a', range: null, baseline: { selector: 'b', range } })).toBeNull();
  });

  it('have in common what the baseline does not say', () => {
    const of = (selector: string, baselineRange: typeof range | null) =>
      pairOf({ ...A, baseline: { selector, range: baselineRange } });
    expect(of('', before)).toEqual({ baseline: { selector: 'a', range: before }, selection: A });
    expect(of('b', null)).toEqual({ baseline: { selector: 'b', range }, selection: A });
    expect(sameSides(of('', null)!)).toBe(true);
    expect(sameSides(of('b', null)!)).toBe(false);
  });

  it.each([
    [A, B],
    [A, { ...A, range: before }],
    [A, { ...A, selector: 'b' }],
    [A, A],
  ])('are the same after they were written, and after two swaps', (selection, baseline) => {
    const pair = pairOf({ ...selection, baseline: baselineOf(baseline, selection) })!;
    expect(pair).toEqual({ baseline, selection });
    const turned = pairOf(swapped(pair))!;
    expect(turned).toEqual({ baseline: selection, selection: baseline });
    expect(pairOf(swapped(turned))).toEqual(pair);
  });

  it('are told by what they differ in', () => {
    expect(sideText(A, { ...A, range: before })).toBe('2026-11-20 13:00 – 14:00 UTC');
    expect(sideText(B, A)).toBe('b, 2026-11-20 12:00 – 13:00 UTC');
    expect(titleOf({ baseline: { ...A, range: before }, selection: A })).toBe(
      'a, 2026-11-20 13:00 – 14:00 UTC, against 2026-11-20 12:00 – 13:00 UTC',
    );
  });
});

describe('earlier ranges', () => {
  it('are as long, and do not overlap', () => {
    for (const length of [HOUR, DAY, 3 * DAY, 10 * DAY, 90 * DAY]) {
      for (const { range: earlier } of earlierRanges({ from: T, to: T + length })) {
        expect(earlier.to - earlier.from).toBe(length);
        expect(earlier.to).toBeLessThanOrEqual(T);
      }
    }
    expect(earlierRanges(range).map(({ text }) => text)).toEqual([
      'The 1 h before',
      'The day before, same time',
      'The week before, same time',
      'Four weeks before, same time',
    ]);
    expect(earlierRanges({ from: T, to: T + 7 * DAY }).map(({ text }) => text)).toEqual([
      'The 7 d before',
      'Four weeks before, same time',
    ]);
  });
});
