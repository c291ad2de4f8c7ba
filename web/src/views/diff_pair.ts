// The two sides of a diff, and what a selection may be compared with.
import { duration } from '@/format/moments';
import { DAY, rangeText, SECOND } from '@/format/times';
import type { Question, Range } from '@/state/question';

export interface Side {
  selector: string;
  range: Range;
}

export interface Pair {
  baseline: Side;
  selection: Side;
}

export interface Proposal {
  text: string;
  range: Range;
}

type Asked = Pick<Question, 'selector' | 'range' | 'baseline'>;

// Null while one of them is not chosen. What the baseline does not say is the selection's.
export function pairOf({ selector, range, baseline }: Asked): Pair | null {
  if (!selector || !range || !baseline) return null;
  return {
    baseline: { selector: baseline.selector || selector, range: baseline.range ?? range },
    selection: { selector, range },
  };
}

export function sameSides({ baseline, selection }: Pair): boolean {
  return (
    baseline.selector === selection.selector &&
    baseline.range.from === selection.range.from &&
    baseline.range.to === selection.range.to
  );
}

// A baseline that says only what differs: both sides follow when the rest changes.
export function baselineOf(baseline: Side, selection: Side): NonNullable<Question['baseline']> {
  const sameRange =
    baseline.range.from === selection.range.from && baseline.range.to === selection.range.to;
  return {
    selector: baseline.selector === selection.selector ? '' : baseline.selector,
    range: sameRange ? null : baseline.range,
  };
}

// The sides change places.
export function swapped({ baseline, selection }: Pair): Asked {
  return { ...baseline, baseline: baselineOf(selection, baseline) };
}

// Spans of the same length: the one before, and at the same time of earlier days.
export function earlierRanges({ from, to }: Range): Proposal[] {
  const length = to - from;
  const by = (shift: number): Range => ({ from: from - shift, to: to - shift });
  const days: [number, string][] = [
    [DAY, 'The day before'],
    [7 * DAY, 'The week before'],
    [28 * DAY, 'Four weeks before'],
  ];
  return [
    { text: `The ${duration(length / SECOND)} before`, range: by(length) },
    ...days
      .filter(([shift]) => shift > length)
      .map(([shift, text]) => ({ text: `${text}, same time`, range: by(shift) })),
  ];
}

// "2026-11-20 13:00 – 14:00", and the selector where the sides differ in it.
export function sideText(side: Side, other: Side): string {
  const when = `${rangeText(side.range)} UTC`;
  return side.selector === other.selector ? when : `${side.selector}, ${when}`;
}

export function titleOf({ baseline, selection }: Pair): string {
  return `${selection.selector}, ${rangeText(selection.range)} UTC, against ${sideText(baseline, selection)}`;
}
