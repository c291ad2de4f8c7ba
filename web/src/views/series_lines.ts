// From an answer's groups to the lines of a chart and the rows of its legend.
import type { SeriesGroup, SeriesResponse } from '@gen/flamekeep/v1/series_pb';

import { milliseconds } from '@/api/request';
import { REST_COLOR, seriesColor, seriesDash } from '@/charts/palette';
import type { ChartSeries } from '@/charts/time_chart';
import { MINUTE } from '@/format/times';
import type { Measure } from '@/state/question';

export interface SeriesLine extends ChartSeries {
  labelValue?: string; // of the label that was grouped by; none of all samples, and of the others
  total: bigint; // of all points
  part: bigint; // what the function has of it
}

// What of the function is drawn; undefined: all samples.
export type Part = 'value' | 'self';

export function partOf(measure: Measure, ofFunction: boolean): Part | undefined {
  if (!ofFunction || measure === 'load') return undefined;
  return measure === 'self' ? 'self' : 'value';
}

export const NO_VALUE = '(none)'; // of series that lack the label

export function edgesOf(response: SeriesResponse): number[] {
  return response.edges.map((edge) => milliseconds(edge)!);
}

// Groups keep their looks while others are hidden.
export function linesOf(response: SeriesResponse, part: Part | undefined): SeriesLine[] {
  const edges = edgesOf(response);
  const looks = (i: number) => ({ color: seriesColor(i), dash: seriesDash(i) });
  type Looks = Pick<ChartSeries, 'color' | 'dash'>;
  const line = (group: SeriesGroup, label: string, look: Looks): SeriesLine => ({
    label,
    ...look,
    values: part ? shares(group, part) : rates(group, edges),
    total: group.total,
    part: part ? group[part] : 0n,
  });
  const lines = response.groups.map((group, i) => {
    if (group.labels.length === 0) return line(group, 'All samples', looks(i));
    const [labelValue] = group.labels;
    return { ...line(group, labelValue || NO_VALUE, looks(i)), labelValue };
  });
  const { rest, groupsLeftOut } = response;
  if (rest && groupsLeftOut > 0n) {
    const others = groupsLeftOut === 1n ? '1 other' : `${groupsLeftOut} others`;
    lines.push(line(rest, others, { color: REST_COLOR }));
  }
  return lines;
}

// Where there are no samples there is no share.
function shares(group: SeriesGroup, part: Part): (number | null)[] {
  const values = group[`${part}s`];
  return group.totals.map((total, i) => (total === 0n ? null : Number(values[i]) / Number(total)));
}

// By the minute: points may differ in length, and a short one is no dip.
function rates(group: SeriesGroup, edges: number[]): number[] {
  return group.totals.map((total, i) => (Number(total) * MINUTE) / (edges[i + 1] - edges[i]));
}
