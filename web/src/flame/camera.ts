// The part of a graph's width that is looked at, in the units of its boxes' widths.
import type { Graph } from './graph';

export interface Camera {
  from: number;
  span: number; // above 0
}

// So much narrower than the graph the camera may get: beyond it floating point shows.
const CLOSEST = 1e-10;

export function cameraOn(graph: Graph, box: number): Camera {
  const span = graph.total[box] ?? 0;
  return span > 0 ? { from: graph.start[box], span } : { from: 0, span: 1 };
}

// The nearest camera that shows nothing beside the graph.
export function inside(graph: Graph, camera: Camera): Camera {
  const whole = cameraOn(graph, 0).span;
  const span = Math.min(whole, Math.max(whole * CLOSEST, camera.span));
  return { from: Math.min(whole - span, Math.max(0, camera.from)), span };
}

// `share` is of the camera's span: what moves out of it on the left.
export function panned(graph: Graph, camera: Camera, share: number): Camera {
  return inside(graph, { from: camera.from + share * camera.span, span: camera.span });
}

// What is at the place `at` (from 0, left, to 1) stays there.
export function zoomedAround(graph: Graph, camera: Camera, at: number, factor: number): Camera {
  const whole = cameraOn(graph, 0).span;
  const span = Math.min(whole, Math.max(whole * CLOSEST, camera.span / factor));
  return inside(graph, { from: camera.from + at * (camera.span - span), span });
}

// Between two cameras, so that every box's edges move on the screen in proportion to `part`.
export function between(a: Camera, b: Camera, part: number): Camera {
  const mix = (x: number, y: number) => x + (y - x) * part;
  const span = 1 / mix(1 / a.span, 1 / b.span);
  return { from: mix(a.from / a.span, b.from / b.span) * span, span };
}

export function sameCamera(a: Camera, b: Camera): boolean {
  const close = 1e-9 * Math.max(a.span, b.span);
  return Math.abs(a.from - b.from) < close && Math.abs(a.span - b.span) < close;
}
