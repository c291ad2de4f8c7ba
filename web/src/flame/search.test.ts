import { describe, expect, it } from 'vitest';

import { graphOf } from './graph';
import { randomNumbers, randomTree, responseOf } from './random_tree';
import { matchesOf } from './search';

const SHAPE = { boxes: 900, names: 60, deepest: 20 };
const graph = graphOf(responseOf(randomTree(randomNumbers(2), SHAPE), SHAPE.names));
const functions = Array.from(graph.name, (name, box) => ({
  name: graph.names[name],
  file: graph.files[graph.file[box]],
}));

describe('matchesOf', () => {
  it('marks each box of the functions, by name and file, and no other', () => {
    const random = randomNumbers(3);
    for (let round = 0; round < 20; ++round) {
      const wanted = functions.filter(() => random() < 0.05);
      const marked = functions.map(({ name, file }, box) =>
        box > 0 && wanted.some((fn) => fn.name === name && fn.file === file) ? 1 : 0,
      );
      expect([...matchesOf(graph, wanted)]).toEqual(marked);
      expect(marked).toContain(1);
    }
  });

  it('marks nothing of functions that are not drawn, nor of one that is in another file', () => {
    const { name } = functions[1];
    const elsewhere = [
      { name: 'unknown', file: '' },
      { name, file: '/elsewhere' },
    ];
    expect(matchesOf(graph, elsewhere)).not.toContain(1);
  });

  it('leaves the root alone, whatever is called like it', () => {
    expect(matchesOf(graph, [functions[0]])[0]).toBe(0);
  });

  it('takes a graph without boxes', () => {
    const empty = graphOf(responseOf({ ...randomTree(randomNumbers(4), SHAPE), children: [] }, 2));
    expect([...matchesOf(empty, functions)]).toEqual([0]);
  });
});
