import { describe, expect, it } from 'vitest';

import { escapeExpression, exactExpression, withExpression } from './filter';
import { NO_FILTER } from './question';

describe('exactExpression', () => {
  it.each([
    ['Parser::parse', '^Parser::parse$'],
    ['{main}', '^\\{main\\}$'],
    ['MediaWiki\\Api\\Main', '^MediaWiki\\\\Api\\\\Main$'],
    ['std::vector<int, a*>::at(0) [b]|c', '^std::vector<int, a\\*>::at\\(0\\) \\[b\\]\\|c$'],
    ['file:x', '^file:x$'],
  ])('of %s', (name, expression) => expect(exactExpression(name)).toBe(expression));

  it('matches the name and nothing else', () => {
    for (let code = 0; code < 0x250; ++code) {
      const name = `a${String.fromCharCode(code)}b`;
      const matches = new RegExp(exactExpression(name), 'u');
      expect(matches.test(name)).toBe(true);
      for (const other of [`${name}b`, `a${name}`, 'ab', 'acb', 'aab']) {
        expect(matches.test(other)).toBe(other === name);
      }
    }
  });

  it('leaves ordinary text as it is', () => {
    expect(escapeExpression('wfMessage/änder-ung_1 <b>')).toBe('wfMessage/änder-ung_1 <b>');
  });
});

describe('withExpression', () => {
  it('adds behind the others, once', () => {
    const one = withExpression(NO_FILTER, 'keep', 'a');
    const two = withExpression(one, 'keep', 'b');
    expect(two).toEqual({ ...NO_FILTER, keep: ['a', 'b'] });
    expect(withExpression(two, 'keep', 'a')).toBe(two);
    expect(withExpression(two, 'hide', 'a').hide).toEqual(['a']);
    expect(NO_FILTER.keep).toEqual([]);
  });
});
