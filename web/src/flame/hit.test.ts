import { describe, expect, it } from 'vitest';

import { graphOf } from './graph';
import { boxAt, neighbour, pathTo } from './hit';
import { randomNumbers, randomTree, responseOf } from './random_tree';

const random = randomNumbers(5);
const graph = graphOf(responseOf(randomTree(random, { boxes: 600, names: 40, deepest: 25 }), 40));
const boxes = [...graph.depth.keys()];

describe('boxAt', () => {
  it('is the one box that is there', () => {
    for (let round = 0; round < 2000; ++round) {
      const place = (random() * 1.1 - 0.05) * graph.total[0];
      const row = Math.floor(random() * 27);
      const there = boxes.filter(
        (i) =>
          graph.depth[i] === row &&
          graph.start[i] <= place &&
          place < graph.start[i] + graph.total[i],
      );
      expect(boxAt(graph, place, row)).toBe(there.at(0) ?? -1);
      expect(there.length).toBeLessThanOrEqual(1);
    }
  });
});

describe('neighbour', () => {
  it('walks through a row within the zoomed box, and stops at its ends', () => {
    for (const top of boxes) {
      const row = boxes.filter((i) => i >= top && i < graph.end[top] && graph.depth[i] === 6);
      row.forEach((box, at) => {
        expect(neighbour(graph, box, top, 'right')).toBe(row[at + 1] ?? box);
        expect(neighbour(graph, box, top, 'left')).toBe(row[at - 1] ?? box);
      });
    }
  });

  it('walks down to the widest child, up again, and to both ends', () => {
    for (const box of boxes) {
      const children = boxes.filter((i) => graph.parent[i] === box);
      const down = neighbour(graph, box, 0, 'down');
      expect(down).toBe(children[0] ?? box);
      if (children.length > 0) expect(neighbour(graph, down, 0, 'up')).toBe(box);
      const last = neighbour(graph, box, box, 'last');
      expect(neighbour(graph, last, box, 'down')).toBe(last);
      expect(neighbour(graph, last, box, 'first')).toBe(box);
    }
    expect(neighbour(graph, 0, 0, 'up')).toBe(0);
  });
});

describe('pathTo', () => {
  it('begins at the root and ends at the box', () => {
    for (const box of boxes) {
      const path = pathTo(graph, box);
      expect(path.map((i) => graph.depth[i])).toEqual([...path.keys()]);
      expect([path[0], path.at(-1)]).toEqual([0, box]);
    }
  });
});
