import { describe, expect, it } from 'vitest';

import { graphOf } from './graph';
import { boxOfPath, hashOf, pathId } from './path_id';
import { randomNumbers, randomTree, responseOf } from './random_tree';

const tree = randomTree(randomNumbers(9), { boxes: 20_000, names: 500, deepest: 60 });
const graph = graphOf(responseOf(tree, 500));

describe('the id of a path', () => {
  it('is of one box only, and leads back to it', () => {
    const ids = Array.from(graph.depth.keys(), (box) => pathId(graph, box));
    expect(new Set(ids).size).toBe(ids.length);
    for (let box = 0; box < ids.length; box += 37) expect(boxOfPath(graph, ids[box])).toBe(box);
  });

  it('is the same in a graph with other values, boxes and numbers of names', () => {
    const response = responseOf(tree, 500);
    response.names.reverse();
    response.name = response.name.map((name) => 499 - name);
    response.total = response.total.map((total) => total * 3n);
    const other = graphOf(response);
    for (let box = 0; box < 20_000; box += 101) expect(pathId(other, box)).toBe(pathId(graph, box));
  });

  it('stays what it is: links hold it', () => {
    expect(pathId(graph, 0)).toBe('');
    expect(hashOf('Parser::parse')).toMatchInlineSnapshot(`
      [
        638267825,
        1483138171,
      ]
    `);
    expect(pathId(graph, 1)).toMatchInlineSnapshot(`"6092b5742541f9b8"`);
  });

  it('is of the root where there is no such path', () => {
    for (const id of ['', 'x', '0123456789abcdef', '__proto__']) expect(boxOfPath(graph, id)).toBe(0);
  });
});
