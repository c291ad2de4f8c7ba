// What lies above the drawing of a chart, and takes the pointer and keys.
import { useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';

import { duration } from '@/format/moments';
import { MINUTE, rangeText, SECOND } from '@/format/times';
import type { Range } from '@/state/question';

import { dragged, keyed, type Grip, type Snap } from './brush_range';
import { isScrolling } from './scrolling';
import { Swatch } from './swatch';
import type { ChartSpan, TimeChartProps } from './time_chart';

// A pointer that moved less was a click.
const CLICK_PIXELS = 4;
// Charts that are less high have no room for a tip inside.
const LOW_CHART = 150;
const TIP_SERIES = 12;

type Props = TimeChartProps & {
  span: Range;
  inset: { left: number; right: number; top: number; bottom: number };
};

interface Drag {
  grip: Grip;
  begin: number; // time
  x: number; // pixels, where it began
  moved: boolean;
}

export function PlotArea(props: Props) {
  const { edges, span, spans, inset, marked, onBrush, onPoint } = props;
  const plot = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const [draft, setDraft] = useState<Range | null>(null);
  const [hovered, setHovered] = useState<number | null>(null); // time

  const point = hovered === null ? -1 : pointAt(edges, hovered);
  const step = props.step ?? stepOf(edges, span);
  const snap: Snap = { span, step, edges };
  const shown = draft ?? marked ?? null;

  // There may be many: they are left as they are while the pointer moves.
  const hatched = useMemo(
    () =>
      spans?.map(({ range, kind }) => (
        <div
          key={`${kind} ${range.from}`}
          class={`time-chart-span ${kind}`}
          style={placeOf(range, { from: span.from, to: span.to })}
        />
      )),
    [spans, span.from, span.to],
  );

  const timeOf = (event: MouseEvent) => {
    const { left, width } = plot.current!.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    return span.from + share * (span.to - span.from);
  };

  const hold = (event: PointerEvent) => {
    if (event.button !== 0 || !(onBrush || onPoint)) return;
    const grip = onBrush ? gripOf(event.target as Element) : 'new';
    drag.current = { grip, begin: timeOf(event), x: event.clientX, moved: false };
    plot.current!.setPointerCapture(event.pointerId);
  };

  const move = (event: PointerEvent) => {
    const time = timeOf(event);
    setHovered(time);
    const held = drag.current;
    if (!held || !onBrush) return;
    held.moved ||= Math.abs(event.clientX - held.x) >= CLICK_PIXELS;
    if (held.moved) setDraft(dragged(held.grip, marked ?? null, held.begin, time, snap));
  };

  const release = (event: PointerEvent) => {
    const held = drag.current;
    drag.current = null;
    setDraft(null);
    if (!held) return;
    if (held.moved) {
      onBrush?.(dragged(held.grip, marked ?? null, held.begin, timeOf(event), snap));
      return;
    }
    const index = pointAt(edges, held.begin);
    if (index >= 0) onPoint?.({ from: edges[index], to: edges[index + 1] }, index);
  };

  const turn = (event: WheelEvent) => {
    if (!props.onWheel || isScrolling()) return;
    event.preventDefault();
    props.onWheel(event, timeOf(event));
  };

  const letGo = () => {
    drag.current = null;
    setDraft(null);
  };

  return (
    <div
      ref={plot}
      class={`time-chart-plot ${onBrush ? 'brushed' : ''}`}
      style={pixels(inset)}
      onPointerDown={hold}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={letGo}
      onPointerLeave={() => setHovered(null)}
      onWheel={turn}
    >
      {hatched}
      {point >= 0 && !draft && (
        <div
          class="time-chart-span hovered"
          style={placeOf({ from: edges[point], to: edges[point + 1] }, span)}
        />
      )}
      {shown && (
        <Brush range={shown} snap={snap} letGo={letGo} {...(onBrush && { onBrush })} />
      )}
      {hovered !== null && (draft !== null || point >= 0) && (
        <div class="time-chart-tip" style={tipPlace(hovered, span, props.height)}>
          {draft ? (
            `${rangeText(draft)} UTC (${duration((draft.to - draft.from) / SECOND)})`
          ) : (
            <Values {...props} point={point} />
          )}
        </div>
      )}
    </div>
  );
}

function Brush(props: {
  range: Range;
  snap: Snap;
  letGo: () => void;
  onBrush?: (range: Range) => void;
}) {
  const { range, snap, letGo, onBrush } = props;
  const { span } = snap;
  // Keys move it at once; that is told when they are let go.
  const moved = useSignal<Range | null>(null);
  const shown = moved.value ?? range;
  if (shown.to <= span.from || shown.from >= span.to) return null;
  const place = placeOf(shown, span);
  const seen = { from: shown.from >= span.from, to: shown.to <= span.to };
  const classes = `brush ${seen.from ? 'from' : ''} ${seen.to ? 'to' : ''}`;
  if (!onBrush) return <div class={classes} style={place} />;

  const told = () => {
    if (moved.value) onBrush(moved.value);
    moved.value = null;
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      moved.value = null;
      letGo();
      return;
    }
    const next = keyed(event.key, event.shiftKey, moved.value ?? range, snap);
    if (!next) return;
    event.preventDefault();
    moved.value = next;
  };
  return (
    <div
      class={`${classes} movable`}
      style={place}
      role="slider"
      tabIndex={0}
      aria-label="Time range: arrow keys move it, with shift they move its end"
      aria-valuemin={span.from / MINUTE}
      aria-valuemax={span.to / MINUTE}
      aria-valuenow={shown.from / MINUTE}
      aria-valuetext={`${rangeText(shown)} UTC`}
      data-grip="move"
      onKeyDown={press}
      onKeyUp={told}
      onBlur={told}
    >
      {seen.from && <div class="brush-end from" data-grip="from" />}
      {seen.to && <div class="brush-end to" data-grip="to" />}
    </div>
  );
}

function Values(props: Props & { point: number }) {
  const { edges, series, spans, point, format } = props;
  const notes = notesOf(spans ?? [], edges[point], edges[point + 1]);
  const rows = series
    .map(({ label, color, dash, values }) => ({ label, color, dash, value: values[point] }))
    .filter(({ value }) => series.length === 1 || value !== null)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
    .slice(0, TIP_SERIES);
  return (
    <>
      <div class="muted">{rangeText({ from: edges[point], to: edges[point + 1] })} UTC</div>
      <dl>
        {rows.map(({ label, color, dash, value }) => (
          <Fragment key={label}>
            <dt>
              <Swatch color={color} dash={dash} />
              {label}
            </dt>
            <dd>{value === null ? 'unknown' : format(value)}</dd>
          </Fragment>
        ))}
      </dl>
      {notes.map((note) => (
        <div key={note} class="muted">
          {note}
        </div>
      ))}
    </>
  );
}

function gripOf(target: Element): Grip {
  return (target.closest<HTMLElement>('[data-grip]')?.dataset.grip as Grip | undefined) ?? 'new';
}

const SPAN_WORDS = { gap: 'Samples were lost', incomplete: 'Not yet complete' };

// What the spans say of a point, each thing once.
function notesOf(spans: readonly ChartSpan[], begin: number, end: number): string[] {
  const met = spans.filter(({ range }) => range.from < end && begin < range.to);
  return [...new Set(met.map(({ kind }) => SPAN_WORDS[kind]))];
}

// The point that holds a time; -1: none.
function pointAt(edges: readonly number[], time: number): number {
  const behind = edges.findIndex((edge) => edge > time);
  return behind - 1;
}

// The length of a point in the middle of what is shown.
function stepOf(edges: readonly number[], span: Range): number {
  const middle = Math.max(0, pointAt(edges, (span.from + span.to) / 2));
  const length = edges.length > 1 ? edges[middle + 1] - edges[middle] : MINUTE;
  return Math.max(MINUTE, length);
}

function percentOf(time: number, span: Range): number {
  return Math.min(100, Math.max(0, (100 * (time - span.from)) / (span.to - span.from)));
}

function placeOf(range: Range, span: Range) {
  const left = percentOf(range.from, span);
  return { left: `${left}%`, width: `${percentOf(range.to, span) - left}%` };
}

// Beside the pointer, on the side that has more room; below a low chart.
function tipPlace(time: number, span: Range, height: number) {
  const at = percentOf(time, span);
  return {
    ...(at < 50 ? { left: `calc(${at}% + 12px)` } : { right: `calc(${100 - at}% + 12px)` }),
    ...(height >= LOW_CHART && { top: '8px' }),
  };
}

function pixels(inset: Record<string, number>) {
  return Object.fromEntries(Object.entries(inset).map(([side, size]) => [side, `${size}px`]));
}
