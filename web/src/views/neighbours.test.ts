import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';

import { FlameGraphResponseSchema } from '@gen/flamekeep/v1/flame_graph_pb';

import { graphOf } from '@/flame/graph';

import { alone, neighbours } from './neighbours';

it('merges the neighbours of all that match', () => {
  // all(100): f in x.php (60): a(40), b(15): a(9); f in y.php (40): a(20)
  const graph = graphOf(
    create(FlameGraphResponseSchema, {
      names: ['all', 'f', 'a', 'b'],
      files: ['', 'x.php', 'y.php'],
      depth: [0, 1, 2, 2, 3, 1, 2],
      name: [0, 1, 2, 3, 2, 1, 2],
      file: [0, 1, 0, 0, 0, 2, 0],
      total: [100n, 60n, 40n, 15n, 9n, 40n, 20n],
      self: [0n, 5n, 40n, 6n, 9n, 20n, 20n],
    }),
  );
  expect(neighbours(graph)).toEqual([
    { function: 'a', file: '', total: 60n },
    { function: 'b', file: '', total: 15n },
  ]);
  expect(alone(graph)).toBe(25n);
});

it('finds none where there is nothing', () => {
  const graph = graphOf(create(FlameGraphResponseSchema, {}));
  expect(neighbours(graph)).toEqual([]);
  expect(alone(graph)).toBe(0n);
});
