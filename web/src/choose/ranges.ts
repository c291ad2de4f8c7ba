// Ranges of time from other ranges: what the shortcuts, steps and the timeline's window make.
import { DAY, HOUR, MINUTE, YEAR } from '@/format/times';
import type { Range } from '@/state/question';

// The samples that there are: from the first one's minute to behind that of the last.
export type Extent = Range;

export const SHORTCUTS = [
  { name: '1 h', length: HOUR },
  { name: '24 h', length: DAY },
  { name: '7 d', length: 7 * DAY },
  { name: '30 d', length: 30 * DAY },
  { name: '1 y', length: YEAR },
] as const;

export function lengthOf({ from, to }: Range): number {
  return to - from;
}

export function floorMinute(time: number): number {
  return Math.floor(time / MINUTE) * MINUTE;
}

// The last span of this length: it ends now or, where it would be empty, with the newest sample.
// Long spans begin at a whole hour, since minutes are not kept for long.
export function lastOf(length: number, extent: Extent | null, now: number): Range {
  const end = floorMinute(now);
  const to = extent && extent.to <= end - length ? extent.to : end;
  const unit = length >= 30 * DAY ? HOUR : MINUTE;
  return { from: Math.floor((to - length) / unit) * unit, to };
}

// What is shown first: the last day, as far as there are samples.
export function defaultRange(extent: Extent, now: number): Range {
  const last = lastOf(DAY, extent, now);
  return { from: Math.max(last.from, Math.min(extent.from, last.to - MINUTE)), to: last.to };
}

// The range before or behind, equally long.
export function shifted(range: Range, direction: -1 | 1): Range {
  const by = direction * lengthOf(range);
  return { from: range.from + by, to: range.to + by };
}

// Twice as long around the same middle, and not beyond now.
export function zoomedOut(range: Range, now: number): Range {
  const wide = scaled(range, 2, (range.from + range.to) / 2);
  return notAfter(wide, Math.max(range.to, floorMinute(now)));
}

const WINDOWS = [
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 90, 180].map((days) => days * DAY),
  ...[1, 2, 5, 10, 20].map((years) => years * YEAR),
];
const WINDOW_PER_RANGE = 4;
// A range that takes less of the window than this is too thin to be taken hold of.
const THINNEST = 1 / 150;

// Of a window's empty margins, in parts of the range.
const MARGIN = 0.1;

// What a timeline shows around a range: several times as much, as far as there are samples, and
// nothing that is still to come.
export function windowOf(range: Range, extent: Extent | null, now: number): Range {
  const wanted = lengthOf(range) * WINDOW_PER_RANGE;
  const length = WINDOWS.find((usual) => usual >= wanted) ?? 1.25 * lengthOf(range);
  const from = floorMinute((range.from + range.to - length) / 2);
  const latest = Math.max(range.to, floorMinute(now) + MINUTE);
  const window = notAfter({ from, to: from + length }, latest);
  if (!extent) return window;
  const margin = Math.max(MINUTE, floorMinute(lengthOf(range) * MARGIN));
  return {
    from: Math.max(window.from, Math.min(range.from, extent.from) - margin),
    to: Math.min(window.to, Math.max(range.to, extent.to) + margin),
  };
}

// Whether a range is well seen in a window.
export function holds(window: Range, range: Range): boolean {
  const share = lengthOf(range) / lengthOf(window);
  return window.from <= range.from && range.to <= window.to && share >= THINNEST && share <= 0.95;
}

const SHORTEST_WINDOW = 10 * MINUTE;
const LONGEST_WINDOW = 20 * YEAR;

// The window with `about` at the same place of it, larger by `factor`.
export function zoomedWindow(window: Range, factor: number, about: number, now: number): Range {
  const length = Math.min(LONGEST_WINDOW, Math.max(SHORTEST_WINDOW, lengthOf(window) * factor));
  const zoomed = scaled(window, length / lengthOf(window), about);
  return notAfter(zoomed, Math.max(floorMinute(now) + MINUTE, Math.min(window.to, zoomed.to)));
}

// The window moved by a part of its length.
export function pannedWindow(window: Range, share: number, now: number): Range {
  const by = Math.round((share * lengthOf(window)) / MINUTE) * MINUTE;
  const moved = { from: window.from + by, to: window.to + by };
  return notAfter(moved, Math.max(floorMinute(now) + MINUTE, Math.min(window.to, moved.to)));
}

function scaled(range: Range, factor: number, about: number): Range {
  const from = floorMinute(about - (about - range.from) * factor);
  return { from, to: from + Math.max(MINUTE, floorMinute(lengthOf(range) * factor)) };
}

// Moved back where it ends later. Nothing is before 1970.
function notAfter(range: Range, latest: number): Range {
  const beyond = Math.max(0, range.to - latest);
  return { from: Math.max(0, range.from - beyond), to: range.to - beyond };
}
