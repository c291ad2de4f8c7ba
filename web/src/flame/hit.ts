// From a place to the box there, and from a box to its neighbours.
import type { Graph } from './graph';

// The box in this row (the root's is 0) at `place`, in units of the boxes' widths; -1: none.
export function boxAt(graph: Graph, place: number, row: number): number {
  const { depth, end, start, total } = graph;
  for (let i = 0; i < depth.length; ) {
    if (place < start[i] || place >= start[i] + total[i]) i = end[i];
    else if (depth[i] === row) return i;
    else i += 1;
  }
  return -1;
}

export function isWithin(graph: Graph, box: number, ancestor: number): boolean {
  return box >= ancestor && box < graph.end[ancestor];
}

// From the root to the box, both in it.
export function pathTo(graph: Graph, box: number): number[] {
  const path: number[] = [];
  for (let i = box; i >= 0; i = graph.parent[i]) path.push(i);
  return path.reverse();
}

export type Step = 'up' | 'down' | 'left' | 'right' | 'first' | 'last';

// Where a key leads. Left and right stay in the row and below `top`, the zoomed box; down takes the
// widest child; first is `top` itself, last the end of the widest path below it.
export function neighbour(graph: Graph, box: number, top: number, step: Step): number {
  switch (step) {
    case 'up':
      return Math.max(0, graph.parent[box]);
    case 'down':
      return widestChild(graph, box) ?? box;
    case 'left':
    case 'right':
      return besides(graph, box, top, step === 'left' ? -1 : 1);
    case 'first':
      return top;
    case 'last': {
      let deepest = top;
      for (let next = widestChild(graph, top); next !== undefined; ) {
        deepest = next;
        next = widestChild(graph, next);
      }
      return deepest;
    }
  }
}

function widestChild(graph: Graph, box: number): number | undefined {
  let widest: number | undefined;
  for (let i = box + 1; i < graph.end[box]; i = graph.end[i]) {
    if (widest === undefined || graph.total[i] > graph.total[widest]) widest = i;
  }
  return widest;
}

function besides(graph: Graph, box: number, top: number, direction: 1 | -1): number {
  const { depth, end } = graph;
  for (let i = box + direction; i > top && i < end[top]; i += direction) {
    if (depth[i] === depth[box]) return i;
  }
  return box;
}
