// A flame graph as nested-set columns: entry i of each column belongs to box i, in preorder. Box 0
// is the root. The boxes below i are those up to end[i].
import type { DiffResponse_Tree, DiffVerdict } from '@gen/flamekeep/v1/diff_pb';
import type { FlameGraphResponse } from '@gen/flamekeep/v1/flame_graph_pb';

export interface Graph {
  names: readonly string[]; // distinct functions
  files: readonly string[]; // distinct files; entry 0 is "", unknown
  name: Uint32Array; // index into names
  file: Uint32Array; // index into files
  depth: Uint16Array; // root 0
  end: Uint32Array; // behind the last box below this one
  parent: Int32Array; // of the root -1
  start: Float64Array; // where the box begins: in units of `total`, from 0
  total: Float64Array; // width
  height: number; // of the deepest box, and 1
  // Totals and selfs, exact beyond 2^53.
  exactTotal: readonly bigint[];
  exactSelf: readonly bigint[];
  diff?: GraphDiff;
}

// How each box differs from the baseline.
export interface GraphDiff {
  baselineTotal: readonly bigint[];
  baselineSelf: readonly bigint[];
  difference: Float64Array; // of the shares: above 0 where it grew
  verdict: readonly DiffVerdict[];
}

interface Columns {
  names: string[];
  files: string[];
  depth: number[];
  name: number[];
  file: number[];
  total: bigint[];
  self: bigint[];
}

// Quicker than Float64Array.from by a multiple: no iterator, no call for each.
function numbersOf(values: readonly bigint[]): Float64Array {
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < numbers.length; ++i) numbers[i] = Number(values[i]);
  return numbers;
}

function fromColumns(columns: Columns, total: Float64Array): Graph {
  const size = columns.depth.length;
  const depth = new Uint16Array(columns.depth);
  const end = new Uint32Array(size);
  const parent = new Int32Array(size).fill(-1);
  const start = new Float64Array(size);
  const next: number[] = []; // by depth: where the next box there begins
  const open: number[] = []; // by depth: the last box seen
  let height = 0;
  for (let i = 0; i < size; ++i) {
    const level = depth[i];
    for (let closed = open.length - 1; closed >= level; --closed) end[open[closed]] = i;
    open.length = level;
    if (level > 0) {
      parent[i] = open[level - 1];
      start[i] = next[level];
    }
    next[level] = start[i] + total[i];
    next[level + 1] = start[i];
    open[level] = i;
    height = Math.max(height, level + 1);
  }
  for (const box of open) end[box] = size;
  return {
    names: columns.names,
    files: columns.files,
    name: new Uint32Array(columns.name),
    file: new Uint32Array(columns.file),
    depth,
    end,
    parent,
    start,
    total,
    height,
    exactTotal: columns.total,
    exactSelf: columns.self,
  };
}

export function graphOf(response: FlameGraphResponse): Graph {
  return fromColumns(response, numbersOf(response.total));
}

// Boxes are as wide as the mean of their two shares: what is gone is seen, too, and children never
// stand out over their parent.
export function graphOfDiff(tree: DiffResponse_Tree): Graph {
  const shareOf = (values: bigint[]) => {
    const shares = numbersOf(values);
    const all = shares[0] || 1;
    return shares.map((value) => value / all);
  };
  const before = shareOf(tree.baselineTotal);
  const after = shareOf(tree.total);
  const width = before.map((share, i) => (share + after[i]) / 2);
  const graph = fromColumns(tree, width);
  graph.diff = {
    baselineTotal: tree.baselineTotal,
    baselineSelf: tree.baselineSelf,
    difference: new Float64Array(tree.difference),
    verdict: tree.verdict,
  };
  return graph;
}
