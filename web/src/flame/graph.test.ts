import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { DiffResponse_TreeSchema, DiffVerdict } from '@gen/flamekeep/v1/diff_pb';
import { FlameGraphResponseSchema } from '@gen/flamekeep/v1/flame_graph_pb';

import { graphOf, graphOfDiff, type Graph } from './graph';
import { randomNumbers, randomTree, responseOf, type TreeNode } from './random_tree';

// Each box as the tree has it: a walk that knows nothing of columns.
function expectTree(graph: Graph, root: TreeNode) {
  let at = 0;
  let height = 0;
  const visit = (node: TreeNode, depth: number, parent: number, start: number) => {
    const box = at++;
    height = Math.max(height, depth + 1);
    let next = start;
    for (const child of node.children) {
      visit(child, depth + 1, box, next);
      next += Number(child.total);
    }
    const { name, file, self, total } = node;
    expect({
      name: graph.name[box],
      file: graph.file[box],
      depth: graph.depth[box],
      end: graph.end[box],
      parent: graph.parent[box],
      start: graph.start[box],
      total: graph.exactTotal[box],
      self: graph.exactSelf[box],
      width: graph.total[box],
    }).toEqual({ name, file, depth, end: at, parent, start, total, self, width: Number(total) });
  };
  visit(root, 0, -1, 0);
  expect(graph.depth.length).toBe(at);
  expect(graph.height).toBe(height);
}

describe('graphOf', () => {
  it('puts each box where the tree has it', () => {
    for (let seed = 0; seed < 50; ++seed) {
      const shape = { boxes: seed * 8, names: 30, deepest: 3 + (seed % 20) };
      const tree = randomTree(randomNumbers(seed), shape);
      expectTree(graphOf(responseOf(tree, shape.names)), tree);
    }
  });

  it('takes stacks deeper than any call stack of the browser is', () => {
    const size = 60_000;
    const graph = graphOf(
      create(FlameGraphResponseSchema, {
        names: ['all', 'f'],
        files: [''],
        depth: Array.from({ length: size }, (_, i) => i),
        name: Array.from({ length: size }, (_, i) => Math.min(1, i)),
        file: new Array<number>(size).fill(0),
        total: new Array<bigint>(size).fill(1n),
        self: Array.from({ length: size }, (_, i) => (i === size - 1 ? 1n : 0n)),
      }),
    );
    expect(graph.height).toBe(size);
    expect(graph.parent[size - 1]).toBe(size - 2);
    expect([...new Set(graph.end)]).toEqual([size]);
  });

  it('keeps values beyond 2^53 exact', () => {
    const huge = 2n ** 64n - 1n;
    const graph = graphOf(
      create(FlameGraphResponseSchema, {
        names: ['all'],
        files: [''],
        depth: [0],
        name: [0],
        file: [0],
        total: [huge],
        self: [huge],
      }),
    );
    expect(graph.exactTotal).toEqual([huge]);
  });

  it('takes a graph without boxes', () => {
    expect(graphOf(create(FlameGraphResponseSchema)).height).toBe(0);
  });
});

describe('graphOfDiff', () => {
  const NOISE = DiffVerdict.WITHIN_NOISE;
  const tree = (baselineTotal: bigint[], total: bigint[]) =>
    graphOfDiff(
      create(DiffResponse_TreeSchema, {
        names: ['all', 'a', 'b'],
        files: [''],
        depth: [0, 1, 1],
        name: [0, 1, 2],
        file: [0, 0, 0],
        baselineTotal,
        total,
        baselineSelf: [0n, 0n, 0n],
        self: [0n, 0n, 0n],
        difference: [0, -0.5, 0.5],
        verdict: [NOISE, NOISE, DiffVerdict.BEYOND_NOISE],
      }),
    );

  it('makes boxes as wide as the mean of their shares', () => {
    const graph = tree([4n, 3n, 1n], [200n, 50n, 150n]);
    expect([...graph.total]).toEqual([1, 0.5, 0.5]);
    expect([...graph.start]).toEqual([0, 0, 0.5]);
    expect(graph.diff?.verdict[2]).toBe(DiffVerdict.BEYOND_NOISE);
  });

  it('takes an empty side', () => {
    expect([...tree([0n, 0n, 0n], [4n, 3n, 1n]).total]).toEqual([0.5, 0.375, 0.125]);
  });
});
