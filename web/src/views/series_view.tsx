// Samples, or the share of a function, over time, by the values of a label.
import { useMemo, useState } from 'preact/hooks';

import type { SeriesResponse } from '@gen/flamekeep/v1/series_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { exactly as exactFunction } from '@/api/request';
import { spansOf } from '@/charts/coverage_spans';
import { TimeChart } from '@/charts/time_chart';
import { stepText } from '@/choose/series_points';
import { exactly, percent, shareOf, withUnit } from '@/format/numbers';
import { go, question } from '@/state/page';
import { atRange } from '@/state/question';
import { TrustLine } from '@/trust/trust_line';
import { Answered, Nothing } from '@/ui/answered';

import { asked, type Asked } from './asked';
import { GroupBy } from './group_by';
import { exactText } from './measure';
import { OfFunction } from './of_function';
import { SeriesLegend } from './series_legend';
import { edgesOf, linesOf, partOf, type Part } from './series_lines';

const MAX_POINTS = 400;
const MAX_GROUPS = 10;
const HEIGHT = 320;

export function SeriesView() {
  const chosen = asked();
  if (!chosen) return <Nothing>Choose a profile type and a time to see samples over time.</Nothing>;
  return (
    <>
      <OfFunction />
      <GroupBy />
      <Series chosen={chosen} />
    </>
  );
}

function Series({ chosen }: { chosen: Asked }) {
  const { fn, by, measure } = question.value;
  const answer = useAnswer(JSON.stringify([chosen.key, fn, by]), async (signal) => ({
    response: await queries.series(
      {
        selection: chosen.selection,
        by: by ? [by] : [],
        maxPoints: MAX_POINTS,
        maxGroups: MAX_GROUPS,
        ...(fn && { function: exactFunction(fn) }),
      },
      { signal },
    ),
    by,
    ofFunction: fn !== null,
  }));
  return (
    <Answered answer={answer} what="the series">
      {(value) => (
        <Lines
          key={value.by}
          response={value.response}
          by={value.by}
          part={partOf(measure, value.ofFunction)}
        />
      )}
    </Answered>
  );
}

function Lines(props: { response: SeriesResponse; by: string; part: Part | undefined }) {
  const { response, by, part } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const edges = useMemo(() => edgesOf(response), [response]);
  const lines = useMemo(() => linesOf(response, part), [response, part]);
  const shown = useMemo(() => lines.filter(({ label }) => !hidden.has(label)), [lines, hidden]);
  const coverage = response.coverage!;
  const spans = useMemo(() => spansOf(coverage), [coverage]);
  if (coverage.total === 0n) {
    return <Nothing>There are no samples here: choose another time, or fewer labels.</Nothing>;
  }

  const toggle = (label: string) => {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    setHidden(next);
  };
  const rate = (value: number) => `${withUnit(value, coverage.unit)}/min`;
  const wide = response.widePoints;
  const step = `A point each ${stepText(response.step)}`;
  return (
    <>
      <TrustLine
        coverage={coverage}
        more={
          wide > 0n
            ? `${step}; ${exactly(wide)} are longer, as the store keeps no finer times there`
            : step
        }
      />
      <h2 class="chart-title">{titleOf(part, coverage.unit)}</h2>
      <TimeChart
        label={`${titleOf(part, coverage.unit)} over time, ${lines.length} lines`}
        edges={edges}
        series={shown}
        height={HEIGHT}
        format={part ? percent : rate}
        spans={spans}
        onBrush={(range) => go(atRange(range))}
      />
      <p class="muted">Draw over the chart to see a part of it.</p>
      {by ? (
        <SeriesLegend {...{ lines, hidden, toggle, by, part }} unit={coverage.unit} />
      ) : (
        part && <Summary total={lines[0].total} value={lines[0].part} unit={coverage.unit} />
      )}
    </>
  );
}

function Summary({ total, value, unit }: { total: bigint; value: bigint; unit: string }) {
  return (
    <p>
      In the whole range: <b>{percent(shareOf(value, total))}</b>, {exactText(value, unit)} of{' '}
      {exactText(total, unit)}.
    </p>
  );
}

function titleOf(part: Part | undefined, unit: string): string {
  if (part === 'value') return 'Share of the samples that hold the function';
  if (part === 'self') return 'Share of the samples that end in the function';
  return unit === 'count' ? 'Samples per minute' : `Samples per minute, in ${unit}`;
}
