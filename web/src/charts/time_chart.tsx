// Values over time, drawn by uPlot, with what happens above the drawing: spans that are told apart,
// the point under the pointer, and a range that is marked, drawn, moved and resized.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { axisTexts } from '@/format/times';
import type { Range } from '@/state/question';
import { onThemeChange } from '@/ui/theme';

import { resolveColor } from './palette';
import { PlotArea } from './plot_area';
import './time_chart.css';

export interface ChartSeries {
  label: string;
  values: (number | null)[]; // of each point; null: nothing is known there
  color: string; // also var(--...)
  dash?: number[]; // of a line, in pixels: strokes and what is between them
}

// A span that is shown with a pattern of its own.
export interface ChartSpan {
  range: Range;
  kind: 'gap' | 'incomplete';
}

export interface TimeChartProps {
  label: string; // what a screen reader says of it
  edges: number[]; // milliseconds; point i is [edges[i], edges[i + 1])
  series: ChartSeries[];
  kind?: 'bars' | 'line'; // bars are for one series
  height: number; // pixels, axis included
  format: (value: number) => string;
  span?: Range; // what the time axis shows; without it all points
  marked?: Range | null;
  spans?: ChartSpan[];
  step?: number; // milliseconds that keys move the marked range by; without it a point's length
  onBrush?: (range: Range) => void; // a range was drawn, moved or resized
  onPoint?: (range: Range, index: number) => void; // a point was clicked
  onWheel?: (event: WheelEvent, time: number) => void; // the page is then not scrolled by it
}

// The plot inside of the chart, in pixels from its sides.
const INSET = { left: 52, right: 24, top: 6, bottom: 22 };
const FONT = '11px system-ui, sans-serif';

export function TimeChart(props: TimeChartProps) {
  const { edges, series, kind = 'line', height, label } = props;
  const span = props.span ?? { from: edges[0] ?? 0, to: edges.at(-1) ?? 1 };
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef({ ...props, span });
  latest.current = { ...props, span };

  // What a drawing is made for; whatever else changes, it takes as it is.
  const dashes = JSON.stringify(series.map(({ dash }) => dash ?? null));
  useEffect(() => {
    const element = host.current!;
    const drawn = new uPlot(
      optionsOf(element, kind, height, () => latest.current),
      columnsOf(latest.current),
      element,
    );
    chart.current = drawn;
    const resized = new ResizeObserver(() =>
      drawn.setSize({ width: Math.max(1, element.clientWidth), height }),
    );
    resized.observe(element);
    const forget = onThemeChange(() => drawn.redraw());
    return () => {
      resized.disconnect();
      forget();
      drawn.destroy();
    };
  }, [kind, height, dashes]);

  useEffect(() => {
    chart.current!.setData(columnsOf(latest.current));
  }, [edges, series, span.from, span.to]);

  return (
    <div class="time-chart" style={{ height: `${height}px` }}>
      <div ref={host} role="img" aria-label={label} />
      <PlotArea {...props} span={span} inset={INSET} />
    </div>
  );
}

// "2.50k" as "2.5k": ticks are round numbers.
function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+(?=\D*$)/, '') : text;
}

// uPlot draws at moments: a last one closes the last point.
function columnsOf({ edges, series }: TimeChartProps): uPlot.AlignedData {
  return [edges, ...series.map(({ values }) => [...values, values.at(-1) ?? null])];
}

function optionsOf(
  element: Element,
  kind: 'bars' | 'line',
  height: number,
  latest: () => TimeChartProps & { span: Range },
): uPlot.Options {
  const token = (name: string) => () => resolveColor(`var(--${name})`, element);
  const colorOf = (i: number) => () => resolveColor(latest().series[i]?.color ?? '', element);
  return {
    width: Math.max(1, element.clientWidth),
    height,
    ms: 1,
    tzDate: (time) => uPlot.tzDate(new Date(time), 'Etc/UTC'),
    padding: [INSET.top, INSET.right, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: () => [latest().span.from, latest().span.to] },
      y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.04 : 1] },
    },
    axes: [
      {
        size: INSET.bottom,
        gap: 4,
        space: 90,
        font: FONT,
        stroke: token('muted'),
        grid: { show: false },
        ticks: { stroke: token('line'), width: 1, size: 4 },
        values: (_, times) => axisTexts(times),
      },
      {
        size: INSET.left,
        gap: 4,
        space: 20,
        font: FONT,
        stroke: token('muted'),
        grid: { stroke: token('line'), width: 1 },
        ticks: { show: false },
        values: (_, values) => values.map((value) => trimmed(latest().format(value))),
      },
    ],
    series: [
      {},
      ...latest().series.map(({ dash = [] }, i): uPlot.Series => {
        const shared = { points: { show: false }, stroke: colorOf(i) };
        return kind === 'bars'
          ? { ...shared, width: 0, fill: colorOf(i), paths: barPaths }
          : { ...shared, width: 1.5, dash, paths: uPlot.paths.stepped!({ align: 1 }) };
      }),
    ],
  };
}

// Bars that are as wide as their points, with a pixel between them where there is room.
function barPaths(plot: uPlot, seriesIndex: number): uPlot.Series.Paths {
  const fill = new Path2D();
  const edges = plot.data[0];
  const values = plot.data[seriesIndex];
  const { left, width } = plot.bbox;
  const x = (time: number) =>
    Math.round(Math.min(left + width, Math.max(left, plot.valToPos(time, 'x', true))));
  const ground = plot.valToPos(0, 'y', true);
  for (let i = 0; i + 1 < edges.length; ++i) {
    const value = values[i];
    const begin = x(edges[i]);
    const room = x(edges[i + 1]) - begin;
    if (!value || room <= 0) continue;
    // What is there is seen, however little it is.
    const top = Math.min(plot.valToPos(value, 'y', true), ground - devicePixelRatio);
    fill.rect(begin, top, room > 3 ? room - 1 : room, ground - top);
  }
  return { fill };
}
