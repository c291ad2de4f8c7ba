// Names for boxes that outlive a graph: 64 bits made of the functions and files on the path from
// the root. The same path has the same id in every graph, whatever its range, site or load.
import type { Graph } from './graph';

// Of FNV-1a and MurmurHash3: multiplications that spread bits well.
const PRIMES = [0x01000193, 0x85ebca6b] as const;
const SEEDS = [0x811c9dc5, 0x9747b28c] as const;

type Pair = [number, number];

export function hashOf(text: string): Pair {
  let [a, b]: readonly number[] = SEEDS;
  for (let i = 0; i < text.length; ++i) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, PRIMES[0]);
    b = Math.imul(b ^ unit, PRIMES[1]);
    b ^= b >>> 15;
  }
  return [a >>> 0, b >>> 0];
}

function mix(a: number, b: number, prime: number): number {
  let mixed = Math.imul(a ^ b, prime);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed + 0x9e3779b9, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

interface Ids {
  high: Uint32Array;
  low: Uint32Array;
}

const known = new WeakMap<Graph, Ids>();

function idsOf(graph: Graph): Ids {
  const before = known.get(graph);
  if (before) return before;
  const names = graph.names.map(hashOf);
  const files = graph.files.map(hashOf);
  const size = graph.depth.length;
  const ids = { high: new Uint32Array(size), low: new Uint32Array(size) };
  for (let i = 1; i < size; ++i) {
    const name = names[graph.name[i]];
    const file = files[graph.file[i]];
    const above = graph.parent[i];
    ids.high[i] = mix(mix(ids.high[above], name[0], PRIMES[0]), file[0], PRIMES[1]);
    ids.low[i] = mix(mix(ids.low[above], name[1], PRIMES[1]), file[1], PRIMES[0]);
  }
  known.set(graph, ids);
  return ids;
}

// Sixteen hexadecimal digits; of the root ''.
export function pathId(graph: Graph, box: number): string {
  if (box <= 0) return '';
  const { high, low } = idsOf(graph);
  const digits = (part: number) => part.toString(16).padStart(8, '0');
  return digits(high[box]) + digits(low[box]);
}

// The root where there is no such path.
export function boxOfPath(graph: Graph, id: string): number {
  if (!/^[0-9a-f]{16}$/.test(id)) return 0;
  const { high, low } = idsOf(graph);
  const wanted = [parseInt(id.slice(0, 8), 16), parseInt(id.slice(8), 16)];
  for (let i = 1; i < high.length; ++i) {
    if (high[i] === wanted[0] && low[i] === wanted[1]) return i;
  }
  return 0;
}
