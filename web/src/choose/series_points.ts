// Samples over time, as a chart draws them.
import type { Step } from '@gen/flamekeep/v1/series_pb';
import { Level } from '@gen/flamekeep/v1/common_pb';
import type { SeriesResponse } from '@gen/flamekeep/v1/series_pb';

import { milliseconds } from '@/api/request';
import { spansOf } from '@/charts/coverage_spans';
import type { ChartSpan } from '@/charts/time_chart';

export interface Points {
  edges: number[];
  totals: number[];
  unit: string;
  step: string; // "5 min"
  spans: ChartSpan[];
}

const UNIT_NAMES: Record<Level, [one: string, many: string]> = {
  [Level.UNSPECIFIED]: ['', ''],
  [Level.MINUTE]: ['minute', 'minutes'],
  [Level.HOUR]: ['hour', 'hours'],
  [Level.DAY]: ['day', 'days'],
  [Level.MONTH]: ['month', 'months'],
  [Level.YEAR]: ['year', 'years'],
};

// "minute", "5 minutes", "week"
export function stepText(step: Step | undefined): string {
  const { unit, count } = step ?? { unit: Level.UNSPECIFIED, count: 1 };
  if (unit === Level.DAY && count === 7) return 'week';
  const [one, many] = UNIT_NAMES[unit];
  return count === 1 ? one : `${count} ${many}`;
}

// Where nothing can be yet, behind `now`, nothing is missing.
export function pointsOf(response: SeriesResponse, now: number): Points {
  const edges = response.edges.map((edge) => milliseconds(edge) ?? 0);
  const totals = response.groups[0]?.totals.map(Number) ?? [];
  return {
    edges,
    totals: edges.slice(1).map((_, i) => totals[i] ?? 0),
    unit: response.coverage?.unit ?? '',
    step: stepText(response.step),
    spans: spansOf(response.coverage)
      .map(({ range, kind }) => ({ kind, range: { from: range.from, to: Math.min(now, range.to) } }))
      .filter(({ range }) => range.from < range.to),
  };
}
