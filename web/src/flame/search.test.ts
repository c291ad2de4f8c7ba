import { describe, expect, it } from 'vitest';

import { graphOf } from './graph';
import { randomNumbers, randomTree, responseOf, type TreeNode } from './random_tree';
import { matchesOf, searchError } from './search';

const tree = randomTree(randomNumbers(2), { boxes: 900, names: 60, deepest: 20 });
const response = responseOf(tree, 60);
const graph = graphOf(response);

// What a match took, counted where no frame above it matches.
function topmost(node: TreeNode, isMatch: (node: TreeNode) => boolean): bigint {
  if (node !== tree && isMatch(node)) return node.total;
  return node.children.reduce((total, child) => total + topmost(child, isMatch), 0n);
}

describe('matchesOf', () => {
  it.each(['Parser', '::doSomething1', '^Wiki', 'Class[01]:', '(?i)PARSER', 'nothing'])(
    '%s: counts each sample once',
    (search) => {
      const expression = new RegExp(search.replace('(?i)', ''), search.startsWith('(?i)') ? 'i' : '');
      const isMatch = (name: number) => expression.test(response.names[name]);
      const matches = matchesOf(graph, search)!;
      expect([...matches.boxes]).toEqual(
        Array.from(graph.name, (name, i) => (i > 0 && isMatch(name) ? 1 : 0)),
      );
      expect(matches.count).toBe(matches.boxes.reduce((count, is) => count + is, 0));
      expect(matches.total).toBe(topmost(tree, ({ name }) => isMatch(name)));
      expect(matches.share).toBeCloseTo(Number(matches.total) / Number(tree.total), 12);
    },
  );

  it('takes expressions of files', () => {
    const { total } = matchesOf(graph, 'file:part3/')!;
    expect(total).toBe(topmost(tree, ({ file }) => file === 4));
  });

  it('takes case for what it is without (?i)', () => {
    expect(matchesOf(graph, 'parser')?.count).toBe(0);
  });

  it('is nothing without a search, or without a valid one', () => {
    expect(matchesOf(graph, '')).toBeNull();
    expect(matchesOf(graph, '(')).toBeNull();
  });
});

describe('searchError', () => {
  it('says nothing of what is valid', () => {
    for (const search of ['', 'a.b', '(?i)x', '(?P<n>a)', '(?is).', '^\\{main\\}$', 'a\\-b']) {
      expect(searchError(search)).toBeUndefined();
    }
  });

  it('names what is not, and the way out', () => {
    expect(searchError('a(')).toMatchInlineSnapshot(`""a(" is not a valid expression: Unterminated group. Put \\ before a character that is meant literally."`);
  });
});
