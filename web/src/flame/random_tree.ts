// Flame graphs for tests and benchmarks: the same for the same seed, and of the shape that profiles
// of PHP have: some tens of frames deep, few wide boxes, very many narrow ones.
import { create } from '@bufbuild/protobuf';

import { FlameGraphResponseSchema, type FlameGraphResponse } from '@gen/flamekeep/v1/flame_graph_pb';

// From 0 to 1, without 1 (mulberry32).
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface TreeNode {
  name: number;
  file: number;
  self: bigint;
  total: bigint;
  children: TreeNode[];
}

export interface TreeShape {
  boxes: number; // without the root
  names: number;
  deepest: number;
}

// Frame by frame, below a random box: usually one of those that were made last, so that it gets
// deep, and with a child's weight drawn from a heavy tail.
export function randomTree(random: () => number, shape: TreeShape): TreeNode {
  const root: TreeNode = { name: 0, file: 0, self: 0n, total: 0n, children: [] };
  const made: [TreeNode, number][] = [[root, 0]]; // and its depth
  while (made.length <= shape.boxes) {
    const recent = random() < 0.8 ? made.length - 1 - Math.floor(random() ** 3 * 40) : -1;
    const at = recent >= 0 ? recent : Math.floor(random() * made.length);
    const [above, depth] = made[at];
    if (depth >= shape.deepest) continue;
    const child: TreeNode = {
      name: 1 + Math.floor(random() ** 2 * (shape.names - 1)),
      file: random() < 0.5 ? 0 : 1 + Math.floor(random() * 9),
      self: BigInt(Math.ceil(1 / (random() + 1e-6))),
      total: 0n,
      children: [],
    };
    if (above.children.some(({ name, file }) => name === child.name && file === child.file)) continue;
    above.children.push(child);
    made.push([child, depth + 1]);
  }
  sum(root);
  return root;
}

function sum(node: TreeNode): bigint {
  node.total = node.self;
  for (const child of node.children) node.total += sum(child);
  node.children.sort((a, b) => (a.total < b.total ? 1 : a.total > b.total ? -1 : a.name - b.name));
  return node.total;
}

export function responseOf(root: TreeNode, names: number): FlameGraphResponse {
  const response = create(FlameGraphResponseSchema, {
    names: ['all', ...Array.from({ length: names - 1 }, (_, i) => nameOf(i))],
    files: ['', ...Array.from({ length: 9 }, (_, i) => `/srv/includes/part${i}/File.php`)],
  });
  const visit = (node: TreeNode, depth: number) => {
    response.depth.push(depth);
    response.name.push(node.name);
    response.file.push(node.file);
    response.total.push(node.total);
    response.self.push(node.self);
    for (const child of node.children) visit(child, depth + 1);
  };
  visit(root, 0);
  return response;
}

function nameOf(i: number): string {
  const parts = ['Parser', 'Database', 'OutputPage', 'Linker', 'Hooks', 'Title', 'Message'];
  return `Wiki\\${parts[i % parts.length]}\\Class${Math.floor(i / 20)}::doSomething${i}`;
}
