// What a chart shows of an answer's coverage: gaps, and what is not complete yet.
import type { Coverage } from '@gen/flamekeep/v1/selection_pb';

import { milliseconds } from '@/api/request';

import type { ChartSpan } from './time_chart';

export function spansOf(coverage: Coverage | undefined): ChartSpan[] {
  if (!coverage) return [];
  const spans = coverage.gaps.map((gap): ChartSpan => {
    const from = milliseconds(gap.range?.begin) ?? 0;
    return { range: { from, to: milliseconds(gap.range?.end) ?? from }, kind: 'gap' };
  });
  const begin = milliseconds(coverage.covered?.begin) ?? 0;
  const end = milliseconds(coverage.covered?.end) ?? 0;
  const complete = milliseconds(coverage.completeThrough) ?? end;
  if (complete < end) {
    spans.push({ range: { from: Math.max(begin, complete), to: end }, kind: 'incomplete' });
  }
  return spans;
}
