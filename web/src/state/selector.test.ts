import { describe, expect, it } from 'vitest';

import {
  choiceOf,
  formatSelector,
  matcherOf,
  narrowed,
  parseSelector,
  type MatchOp,
  type Selector,
} from './selector';

function shown(text: string): string | undefined {
  const selector = parseSelector(text);
  return (
    selector &&
    selector.profileType + selector.matchers.map((m) => `|${m.label}${m.op}${m.value}`).join('')
  );
}

describe('parseSelector', () => {
  // The cases of query/selector_test.cc.
  it.each([
    ['excimer-wall', 'excimer-wall'],
    ['  excimer-wall \n', 'excimer-wall'],
    ['excimer-wall{}', 'excimer-wall'],
    [
      'excimer-wall{site="eqiad",entry_point=~"index|api"}',
      'excimer-wall|site=eqiad|entry_point=~index|api',
    ],
    [' a { b != "c" , d !~ "e" , } ', 'a|b!=c|d!~e'],
    ['cpu:samples:count:cpu:nanoseconds{a="b"}', 'cpu:samples:count:cpu:nanoseconds|a=b'],
    ['memory:alloc_space:bytes::', 'memory:alloc_space:bytes::'],
    ['{site="eqiad"}', '|site=eqiad'],
    ['{}', ''],
    [`a{b='it"s'}`, 'a|b=it"s'],
    [String.raw`a{b="\"\\\'\n\t\x41\101\u00e9\U0001F525"}`, 'a|b="\\\'\n\tAAé🔥'],
    ['a{b=~`\\d+\\.`}', 'a|b=~\\d+\\.'],
    [String.raw`a{b=~"\\d+"}`, 'a|b=~\\d+'],
    ['a{b="x",b!="y"}', 'a|b=x|b!=y'],
    [String.raw`a{b="\xc3\xa9"}`, 'a|b=é'],
  ])('%s', (text, parts) => {
    expect(shown(text)).toBe(parts);
  });

  it.each([
    '',
    'a b',
    'a{',
    'a{=',
    'a{1=""}',
    'a{b',
    'a{b:"c"}',
    'a{b=="c"}',
    'a{b=c}',
    'a{b=',
    'a{b="c}',
    'a{b=`c',
    'a{b="c"',
    'a{b="c" d',
    'a{b="c",,}',
    'a{b="c"}x',
    String.raw`a{b="\d"}`,
    String.raw`a{b="\x4"}`,
    String.raw`a{b="\400"}`,
    String.raw`a{b="\ud800"}`,
    'a{b="\\',
    '1a',
    ' a:b',
    'a::count::',
    String.raw`a{b="\xff"}`, // no UTF-8: not to be shown
    `a{${'b="",'.repeat(65)}}`,
  ])('refuses %s', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });
});

// Numbers that look random and are the same each time.
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1664525 + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const PIECES = ['a', 'Z', '"', "'", '`', '\\', '\n', '\t', '\0', '\x7f', 'é', '🔥', '|', '.', '*', '(', '{', '}', ',', '=', ' ', '\ufeff', '0', '-', '_', '/'];

describe('what is printed', () => {
  const random = numbers(7);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random.next().value * list.length)];
  const text = () => Array.from({ length: Math.floor(random.next().value * 6) }, () => pick(PIECES)).join('');

  it('is parsed to the same', () => {
    for (let i = 0; i < 2000; ++i) {
      const selector: Selector = {
        profileType: pick(['', 'excimer', 'a:b:c::', 'cpu:samples:count:cpu:nano/s']),
        matchers: Array.from({ length: Math.floor(random.next().value * 4) }, () => ({
          label: pick(['site', 'a_1', '_']),
          op: pick<MatchOp>(['=', '!=', '=~', '!~']),
          value: text(),
        })),
      };
      const printed = formatSelector(selector);
      expect(parseSelector(printed)).toEqual(selector);
      expect(formatSelector(parseSelector(printed)!)).toBe(printed);
    }
  });

  it('lists any values', () => {
    for (let i = 0; i < 2000; ++i) {
      const choice = {
        values: Array.from({ length: 1 + Math.floor(random.next().value * 3) }, text),
        negated: pick([true, false]),
      };
      expect(choiceOf(matcherOf('a', choice))).toEqual(choice);
    }
  });

  it('has one form', () => {
    expect(formatSelector(parseSelector(` a { b = 'x"\\n' , c=~\`d|e\`, } `)!)).toBe(
      String.raw`a{b="x\"\n",c=~"d|e"}`,
    );
  });
});

describe('choiceOf', () => {
  it.each(['a.*', 'a|(b|c)', '[ab]', '^a', 'a$', 'a+', '\\d', '\\Qa\\E'])(
    'leaves the expression %s',
    (value) => {
      expect(choiceOf({ label: 'a', op: '=~', value })).toBeUndefined();
    },
  );
});

describe('narrowed', () => {
  it('replaces what was said of the label', () => {
    expect(narrowed('a{site="x",b=~"c|d",b!="e"}', 'b', 'c')).toBe('a{site="x",b="c"}');
    expect(narrowed('a', 'site', 'q"')).toBe(String.raw`a{site="q\""}`);
    expect(narrowed('a{', 'site', 'x')).toBe('a{');
  });
});
