// What a chart shows of an answer's coverage: gaps, and what is not complete yet.
import type { Coverage } from '@gen/flamekeep/v1/selection_pb';

import { milliseconds } from '@/api/request';
import type { Range } from '@/state/question';
import { isLoss } from '@/trust/notices';

import type { ChartSpan } from './time_chart';

// Those of a kind do not touch one another, and are ordered.
export function spansOf(coverage: Coverage | undefined): ChartSpan[] {
  if (!coverage) return [];
  const losses = coverage.gaps.filter(isLoss).map(({ range }) => {
    const from = milliseconds(range?.begin) ?? 0;
    return { from, to: milliseconds(range?.end) ?? from };
  });
  const spans = merged(losses).map((range): ChartSpan => ({ range, kind: 'gap' }));
  const begin = milliseconds(coverage.covered?.begin) ?? 0;
  const end = milliseconds(coverage.covered?.end) ?? 0;
  const complete = milliseconds(coverage.completeThrough) ?? end;
  if (complete < end) {
    spans.push({ range: { from: Math.max(begin, complete), to: end }, kind: 'incomplete' });
  }
  return spans;
}

function merged(ranges: Range[]): Range[] {
  const whole: Range[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = whole.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else whole.push({ from, to });
  }
  return whole;
}
