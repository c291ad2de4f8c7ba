// Which boxes stand out: matches of a search, and those of the selected function.
import type { FunctionName } from '@/state/question';

import type { Graph } from './graph';

export const MATCHED = 1;
export const SELECTED = 2;

export interface Emphasis {
  own: Uint8Array; // flags of each box
  within: Uint8Array; // of each box and all below it, together
}

export function emphasisOf(
  graph: Graph,
  matched: Uint8Array | null,
  selected: FunctionName | null,
): Emphasis {
  const size = graph.depth.length;
  const own = new Uint8Array(size);
  if (matched) {
    for (let i = 0; i < size; ++i) own[i] = matched[i] ? MATCHED : 0;
  }
  for (const box of boxesOf(graph, selected)) own[box] |= SELECTED;
  const within = own.slice();
  for (let i = size - 1; i > 0; --i) within[graph.parent[i]] |= within[i];
  return { own, within };
}

export function boxesOf(graph: Graph, fn: FunctionName | null): number[] {
  const boxes: number[] = [];
  const name = fn ? graph.names.indexOf(fn.name) : -1;
  if (!fn || name < 0) return boxes;
  for (let i = 1; i < graph.name.length; ++i) {
    if (graph.name[i] === name && graph.files[graph.file[i]] === fn.file) boxes.push(i);
  }
  return boxes;
}

export function functionOf(graph: Graph, box: number): FunctionName {
  return { name: graph.names[graph.name[box]], file: graph.files[graph.file[box]] };
}
