// Samples, or what a function has of them, by day and by hour of the day.
import { useCallback, useMemo } from 'preact/hooks';

import { HeatCells_State, type HeatMapResponse } from '@gen/flamekeep/v1/series_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { exactly, milliseconds, selection } from '@/api/request';
import { calendarGrid, hourGrid, weekday } from '@/charts/heat_grid';
import { HeatLegend } from '@/charts/heat_legend';
import { HeatMap } from '@/charts/heat_map';
import type { HeatScale } from '@/charts/heat_scale';
import { percent, withUnit } from '@/format/numbers';
import { clockText, dateText, DAY, HOUR, WEEKDAYS } from '@/format/times';
import { go, question } from '@/state/page';
import { atRange, type Range } from '@/state/question';
import { TrustLine } from '@/trust/trust_line';
import { Answered, Nothing } from '@/ui/answered';

import { aboutCell, looksOf, scaleOfCells } from './heat_values';
import { calendarYears, heatWindow, HOUR_WEEKS, hourPeriods } from './heat_window';
import './heatmap_view.css';
import { OfFunction } from './of_function';
import { partOf, type Part } from './series_lines';

export function HeatMapView() {
  const { selector, range } = question.value;
  if (!selector || !range) return <Nothing>Choose a profile type and a time to see its days.</Nothing>;
  return <Years selector={selector} range={range} />;
}

function Years({ selector, range }: { selector: string; range: Range }) {
  const { filter, fn, measure, years } = question.value;
  const shown = heatWindow(range, years);
  const answer = useAnswer(JSON.stringify([selector, shown, filter, fn]), async (signal) => ({
    response: await queries.heatMap(
      { selection: selection(selector, shown, filter), ...(fn && { function: exactly(fn) }) },
      { signal },
    ),
    ofFunction: fn !== null,
  }));
  return (
    <>
      <OfFunction />
      <div class="view-head">
        <button type="button" onClick={() => go({ years: years - 1, month: '' })}>
          ‹ Year before
        </button>
        <strong>
          {dateText(shown.from)} – {dateText(shown.to - DAY)}
        </strong>
        <button type="button" onClick={() => go({ years: years + 1, month: '' })}>
          Year after ›
        </button>
      </div>
      <Answered answer={answer} what="the calendar">
        {({ response, ofFunction }) => (
          <Maps response={response} part={partOf(measure, ofFunction)} range={range} />
        )}
      </Answered>
    </>
  );
}

interface MapsProps {
  response: HeatMapResponse;
  part: Part | undefined;
  range: Range; // of the question
}

function Maps(props: MapsProps) {
  const { coverage } = props.response;
  return (
    <>
      <TrustLine coverage={coverage} />
      <Calendars {...props} />
      <Hours {...props} />
      <p class="muted">
        Choose a cell, or draw over several, to see their flame graph. All times are UTC.
      </p>
    </>
  );
}

function Calendars({ response, part, range }: MapsProps) {
  const cells = response.days!;
  const first = firstDay(response);
  const days = cells.states.length;
  const scale = useMemo(() => scaleOfCells(cells, part, 0, days), [cells, part, days]);
  const years = calendarYears({ from: first, to: first + days * DAY });
  return (
    <section class="heat">
      <h2>By day</h2>
      {years.map((year) => (
        <Cells key={year.from} {...{ response, part, range, scale }} of={year} by="day" />
      ))}
      <HeatLegend scale={scale} format={formatOf(response, part)} unknown={cells.states.includes(HeatCells_State.UNKNOWN)} />
    </section>
  );
}

function Hours({ response, part, range }: MapsProps) {
  const cells = response.hours!;
  const first = firstDay(response);
  const periods = hourPeriods({ from: first, to: first + response.days!.states.length * DAY });
  const { month } = question.value;
  const period = periods.find((known) => known.month === month) ?? periods[0];
  const scale = useMemo(
    () => scaleOfCells(cells, part, (period.from - first) / HOUR, (period.to - first) / HOUR),
    [cells, part, period.from, period.to, first],
  );
  return (
    <section class="heat">
      <h2>
        <label>
          By hour of{' '}
          <select value={period.month} onChange={(event) => go({ month: event.currentTarget.value })}>
            {periods.map((known) => (
              <option key={known.month} value={known.month}>
                {known.month || `the last ${HOUR_WEEKS} weeks`}
              </option>
            ))}
          </select>
        </label>
      </h2>
      <Cells {...{ response, part, range, scale }} of={period} by="hour" />
      <HeatLegend scale={scale} format={formatOf(response, part)} unknown={response.unknownHours > 0n} />
    </section>
  );
}

// One map of some days of the answer.
function Cells(
  props: MapsProps & { of: Range; by: 'day' | 'hour'; scale: HeatScale },
) {
  const { response, part, range, of, by, scale } = props;
  const byDay = by === 'day';
  const step = byDay ? DAY : HOUR;
  const cells = byDay ? response.days! : response.hours!;
  const offset = (of.from - firstDay(response)) / step;
  const days = (of.to - of.from) / DAY;
  const unit = response.coverage!.unit;
  const grid = useMemo(
    () => (byDay ? calendarGrid(of.from, days) : hourGrid(of.from, days)),
    [byDay, of.from, days],
  );
  const looks = useMemo(
    () => looksOf(cells, part, offset, offset + grid.size, scale),
    [cells, part, offset, grid, scale],
  );
  const describe = useCallback(
    (cell: number) => {
      const begin = of.from + cell * step;
      const clock = byDay ? '' : ` ${clockText(begin)}`;
      return [
        `${WEEKDAYS[weekday(begin)]} ${dateText(begin)}${clock}`,
        ...aboutCell(cells, part, offset + cell, unit),
      ];
    },
    [of.from, step, byDay, cells, part, offset, unit],
  );
  return (
    <HeatMap
      grid={grid}
      looks={looks}
      label={`${byDay ? 'Days' : 'Hours'} from ${dateText(of.from)} to ${dateText(of.to - DAY)}`}
      describe={describe}
      marked={markedCells(range, of, step)}
      maxWidth={byDay ? 24 : 32}
      height={byDay ? undefined : 13}
      onChoose={(from, to) =>
        go({
          view: 'flame',
          ...atRange({ from: of.from + from * step, to: of.from + (to + 1) * step }),
        })
      }
    />
  );
}

// The cells that hold anything of the range; none where all do.
function markedCells(range: Range, of: Range, step: number) {
  const from = Math.max(range.from, of.from);
  const to = Math.min(range.to, of.to);
  if (from >= to || (from === of.from && to === of.to)) return undefined;
  return {
    first: Math.floor((from - of.from) / step),
    last: Math.ceil((to - of.from) / step) - 1,
  };
}

function formatOf(response: HeatMapResponse, part: Part | undefined): (value: number) => string {
  return part ? percent : (value) => withUnit(value, response.coverage!.unit);
}

function firstDay(response: HeatMapResponse): number {
  return milliseconds(response.firstDay) ?? 0;
}
