// A heat map: cells in time, to be pointed at, chosen one by one or as a span. The layout is that
// of heat_grid.ts; what cells stand for is the caller's.
import { useId, useMemo, useRef, useState } from 'preact/hooks';

import {
  cellAt,
  cellByKey,
  nearestCell,
  outlineOf,
  placeOf,
  type HeatGrid,
  type Place,
} from './heat_grid';
import { NO_SAMPLES, OUTSIDE, UNKNOWN } from './heat_scale';
import { Tip } from './tip';
import { useWidth } from './width';

import './heat_map.css';

export interface HeatMapProps {
  grid: HeatGrid;
  looks: Int8Array; // of each cell: a level of the scale, or one of the others of heat_scale.ts
  label: string;
  describe: (cell: number) => string[]; // the first line names the cell
  onChoose: (first: number, last: number) => void;
  marked?: { first: number; last: number }; // what is chosen now
  maxWidth: number; // of a cell
  height?: number; // of a cell; without it cells are square
}

interface Span {
  from: number;
  to: number;
}

const MARGIN = { left: 42, top: 18, right: 28 }; // for names
const MIN_WIDTH = 8;
const GAP = 2;

export function HeatMap(props: HeatMapProps) {
  const { grid, looks, label, describe, onChoose, marked } = props;
  const frame = useRef<HTMLDivElement>(null);
  const cells = useRef<SVGSVGElement>(null);
  const dragging = useRef(false); // the span is chosen by the pointer
  const room = useWidth(frame);
  const name = useId();
  const [pointed, setPointed] = useState<number | null>(null);
  const [span, setSpan] = useState<Span | null>(null); // that is being chosen
  const [focused, setFocused] = useState(false);
  const [at, setAt] = useState(grid.size - 1); // of the keyboard

  const fit = Math.floor((room - MARGIN.left - MARGIN.right) / grid.columns);
  const dx = Math.max(MIN_WIDTH, Math.min(props.maxWidth, fit));
  const dy = props.height ?? dx;
  const current = Math.min(at, grid.size - 1);

  const body = useMemo(
    () => <Cells grid={grid} looks={looks} describe={describe} name={name} dx={dx} dy={dy} />,
    [grid, looks, describe, name, dx, dy],
  );

  const placeUnder = (event: PointerEvent): Place => {
    const origin = cells.current!.getBoundingClientRect();
    const column = Math.floor((event.clientX - origin.left - MARGIN.left) / dx);
    const row = Math.floor((event.clientY - origin.top - MARGIN.top) / dy);
    return { column, row };
  };
  const boxOf = (cell: number): DOMRect => {
    const origin = cells.current!.getBoundingClientRect();
    const { column, row } = placeOf(grid, cell);
    const left = origin.left + MARGIN.left + column * dx;
    return new DOMRect(left, origin.top + MARGIN.top + row * dy, dx, dy);
  };
  const choose = ({ from, to }: Span) => {
    setSpan(null);
    onChoose(Math.min(from, to), Math.max(from, to));
  };
  const onPointerDown = (event: PointerEvent) => {
    const cell = cellAt(grid, placeUnder(event));
    if (event.button !== 0 || cell === undefined || looks[cell] === OUTSIDE) return;
    // Touch scrolls; a tap ends where it began.
    if (event.pointerType === 'mouse') cells.current!.setPointerCapture(event.pointerId);
    dragging.current = true;
    setAt(cell);
    setSpan({ from: cell, to: cell });
  };
  const onPointerMove = (event: PointerEvent) => {
    const place = placeUnder(event);
    // Names are no cells; a drag that leaves the cells goes on beside them.
    const held = dragging.current && span;
    const cell = held ? nearestCell(grid, place) : cellAt(grid, place);
    const known = cell !== undefined && looks[cell] !== OUTSIDE;
    setPointed(known ? cell : null);
    if (held && known) setSpan({ ...held, to: cell });
  };
  const onPointerUp = () => {
    if (dragging.current && span) choose(span);
    dragging.current = false;
  };
  const onPointerCancel = () => {
    dragging.current = false;
    setSpan(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = cellByKey(grid, current, event.key);
    if (to !== undefined) {
      setAt(to);
      setSpan(event.shiftKey ? { from: span?.from ?? current, to } : null);
    } else if (event.key === 'Enter' || event.key === ' ') choose(span ?? { from: current, to: current });
    else if (event.key === 'Escape' && span) setSpan(null);
    else return;
    event.preventDefault();
  };

  const told = pointed ?? (focused ? current : null);
  const lines = () => {
    if (!span || span.from === span.to) return describe(told!);
    const [first, last] = [Math.min(span.from, span.to), Math.max(span.from, span.to)];
    return [`${describe(first)[0]} – ${describe(last)[0]}`];
  };

  return (
    <div class="heat-map" ref={frame}>
      <svg
        ref={cells}
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-activedescendant={`${name}-${current}`}
        width={MARGIN.left + grid.columns * dx + MARGIN.right}
        height={MARGIN.top + grid.rows * dy}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerCancel}
        onPointerLeave={() => setPointed(null)}
        onKeyDown={onKeyDown}
        onFocus={() => setFocused(cells.current!.matches(':focus-visible'))}
        onBlur={() => {
          setFocused(false);
          setSpan(null);
        }}
      >
        {body}
        {marked && <Outline grid={grid} span={{ from: marked.first, to: marked.last }} look="marked" dx={dx} dy={dy} />}
        {span && <Outline grid={grid} span={span} look="chosen" dx={dx} dy={dy} />}
        {told !== null && <Outline grid={grid} span={{ from: told, to: told }} look="pointed" dx={dx} dy={dy} />}
      </svg>
      {told !== null && <Tip place={() => boxOf(told)} lines={lines()} />}
    </div>
  );
}

function Cells(props: {
  grid: HeatGrid;
  looks: Int8Array;
  describe: (cell: number) => string[];
  name: string; // in front of ids
  dx: number;
  dy: number;
}) {
  const { grid, looks, describe, name, dx, dy } = props;
  const rows = Array.from({ length: grid.rows }, (_, row) => {
    const first = row >= grid.lead ? row - grid.lead : row - grid.lead + grid.rows;
    return Array.from(
      { length: Math.ceil((grid.size - first) / grid.rows) },
      (_, column) => first + column * grid.rows,
    );
  });
  return (
    <>
      <pattern id={`${name}-hatch`} width={5} height={5} patternUnits="userSpaceOnUse">
        <path class="hatch" d="M-1 1l2-2M0 5l5-5M4 6l2-2" />
      </pattern>
      <g aria-hidden="true">
        {grid.columnNames.map(({ at, text }) => (
          <text key={at} x={MARGIN.left + at * dx} y={MARGIN.top - 6}>
            {text}
          </text>
        ))}
        {grid.rowNames.map(({ at, text }) => (
          <text key={at} class="row-name" x={MARGIN.left - 7} y={MARGIN.top + (at + 0.5) * dy}>
            {text}
          </text>
        ))}
      </g>
      {rows.map((row, i) => (
        <g key={i} role="row">
          {row.map((cell) => {
            const look = looks[cell];
            const { column } = placeOf(grid, cell);
            return (
              <rect
                key={cell}
                id={`${name}-${cell}`}
                role="gridcell"
                aria-label={describe(cell).join(', ')}
                class={look >= 0 ? `level-${look}` : LOOKS[look]}
                fill={look === UNKNOWN ? `url(#${name}-hatch)` : undefined}
                x={MARGIN.left + column * dx}
                y={MARGIN.top + i * dy}
                width={dx - GAP}
                height={dy - GAP}
                rx={2}
              />
            );
          })}
        </g>
      ))}
    </>
  );
}

const LOOKS: Record<number, string> = {
  [OUTSIDE]: 'outside',
  [UNKNOWN]: 'unknown',
  [NO_SAMPLES]: 'no-samples',
};

function Outline(props: { grid: HeatGrid; span: Span; look: string; dx: number; dy: number }) {
  const { grid, span, look, dx, dy } = props;
  const corners = outlineOf(grid, span.from, span.to).map(
    ({ column, row }) => `${MARGIN.left + column * dx - 1},${MARGIN.top + row * dy - 1}`,
  );
  return <polygon class={look} points={corners.join(' ')} aria-hidden="true" />;
}
