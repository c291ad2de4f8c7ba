// Which boxes stand out: matches of a search, and those of the selected function.
import type { FunctionName } from '@/state/question';

import type { Graph } from './graph';
import { matchesOf } from './search';

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
  matchesOf(graph, selected ? [selected] : []).forEach((is, box) => {
    if (is) own[box] |= SELECTED;
  });
  const within = own.slice();
  for (let i = size - 1; i > 0; --i) within[graph.parent[i]] |= within[i];
  return { own, within };
}

export function functionOf(graph: Graph, box: number): FunctionName {
  return { name: graph.names[graph.name[box]], file: graph.files[graph.file[box]] };
}
