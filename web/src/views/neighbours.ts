// Who stands next to a function in the graphs of its sandwich.
import type { Graph } from '@/flame/graph';

export interface Neighbour {
  function: string;
  file: string;
  total: bigint;
}

// Of the root of a sandwich's graphs; the function, or all that match, stand on it.
const DEPTH_OF_FUNCTION = 1;

// The boxes next to the function, those of one function as one, by total descending.
export function neighbours(graph: Graph): Neighbour[] {
  const found = new Map<string, Neighbour>();
  for (let i = 0; i < graph.depth.length; ++i) {
    if (graph.depth[i] !== DEPTH_OF_FUNCTION + 1) continue;
    const key = `${graph.name[i]} ${graph.file[i]}`;
    const known = found.get(key);
    if (known) known.total += graph.exactTotal[i];
    else {
      found.set(key, {
        function: graph.names[graph.name[i]],
        file: graph.files[graph.file[i]],
        total: graph.exactTotal[i],
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.total < b.total ? 1 : a.total > b.total ? -1 : 0));
}

// Of the function itself, without any neighbour: what nobody called, or what it did by itself.
export function alone(graph: Graph): bigint {
  return graph.exactSelf.reduce(
    (sum, self, i) => (graph.depth[i] === DEPTH_OF_FUNCTION ? sum + self : sum),
    0n,
  );
}
