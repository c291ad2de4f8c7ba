// What dragging and keys make of the range that is marked in a chart. Ranges keep to the chart's
// span and to whole steps, and are never empty.
import { MINUTE } from '@/format/times';
import type { Range } from '@/state/question';

// What of the range is held: the whole of it, one of its ends, or nothing yet (a new one is drawn).
export type Grip = 'new' | 'move' | 'from' | 'to';

export interface Snap {
  span: Range; // that the chart shows
  step: number; // milliseconds
  edges?: readonly number[]; // of the chart's points, ascending: ends come to lie on these
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

// The edge nearest to a time.
function nearest(edges: readonly number[], time: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= time) low = middle;
    else high = middle;
  }
  return time - edges[low] <= edges[high] - time ? edges[low] : edges[high];
}

function snapped(time: number, { span, step, edges }: Snap): number {
  const inside = clamp(time, span.from, span.to);
  const close = edges && edges.length > 1 ? nearest(edges, inside) : inside;
  // Far from every edge there are no points: whole steps count there.
  const snap = Math.abs(close - inside) <= step ? close : Math.round(inside / step) * step;
  return clamp(Math.round(snap / MINUTE) * MINUTE, span.from, span.to);
}

// The range after a drag from `begin` to `end`.
export function dragged(grip: Grip, range: Range | null, begin: number, end: number, snap: Snap): Range {
  if (grip === 'new' || !range) return between(snapped(begin, snap), snapped(end, snap), snap);
  if (grip === 'move') {
    const from = snapped(range.from + end - begin, snap);
    return within(from, range.to - range.from, snap.span);
  }
  const moved = snapped(range[grip] + end - begin, snap);
  return grip === 'from' ? between(moved, range.to, snap) : between(range.from, moved, snap);
}

// Ends in any order; a step long where they are the same.
function between(a: number, b: number, { step, span }: Snap): Range {
  if (a !== b) return { from: Math.min(a, b), to: Math.max(a, b) };
  const from = clamp(a, span.from, Math.max(span.from, span.to - step));
  return { from, to: from + step };
}

// Of this length: inside of the span, or all around it where it is longer.
function within(from: number, length: number, span: Range): Range {
  const last = span.to - length;
  const begin = clamp(from, Math.min(span.from, last), Math.max(span.from, last));
  return { from: begin, to: begin + length };
}

// The range after a key: arrows move it by a step, with shift they move its end; page keys move it
// by its own length. Undefined for other keys.
export function keyed(
  key: string,
  shift: boolean,
  range: Range,
  { span, step }: Snap,
): Range | undefined {
  const length = range.to - range.from;
  const moved = (by: number) => within(range.from + by, length, span);
  const ending = (to: number) => ({ ...range, to });
  switch (key) {
    case 'ArrowRight':
      return shift ? ending(Math.max(range.to, Math.min(span.to, range.to + step))) : moved(step);
    case 'ArrowLeft':
      if (!shift) return moved(-step);
      return ending(Math.max(range.to - step, Math.min(range.to, range.from + MINUTE)));
    case 'PageUp':
      return moved(-length);
    case 'PageDown':
      return moved(length);
    default:
      return undefined;
  }
}
