import { beforeAll, describe, expect, it, vi } from 'vitest';

import { EMPTY, NO_FILTER, type Question } from '@/state/question';

import { fileAddress, fileName, speedscopeAddress } from './files';
import { commandOf, quoted } from './shell';

const QUESTION: Question = {
  ...EMPTY,
  selector: 'excimer-wall{site="eqiad"}',
  range: { from: Date.UTC(2026, 10, 20, 13), to: Date.UTC(2026, 10, 20, 14) },
};
const RANGE = '--from 2026-11-20T13:00 --to 2026-11-20T14:00';

beforeAll(() => {
  vi.stubGlobal('location', { href: 'https://host/flamekeep/?view=flame' });
});

describe('commands', () => {
  it('quotes what a shell would read', () => {
    expect(quoted('a.b-c/d')).toBe('a.b-c/d');
    expect(quoted("it's $HOME")).toBe(`'it'\\''s $HOME'`);
    expect(quoted('')).toBe("''");
  });

  it.each([
    [{}, `query 'excimer-wall{site="eqiad"}' ${RANGE} -o flamegraph.svg`],
    [
      { inverted: true, filter: { ...NO_FILTER, keep: ['a b'], hide: ['x'], maxDepth: 9 } },
      `query 'excimer-wall{site="eqiad"}' ${RANGE} --keep 'a b' --hide x --max-depth 9 --inverted -o flamegraph.svg`,
    ],
    [
      { view: 'functions', sort: 'total' },
      `top 'excimer-wall{site="eqiad"}' ${RANGE} --by total`,
    ],
    [
      { view: 'sandwich', fn: { name: 'A::b', file: 'a.php' } },
      `sandwich A::b 'excimer-wall{site="eqiad"}' --exact --file a.php ${RANGE}`,
    ],
    [
      { view: 'diff', baseline: { selector: '', range: null } },
      `diff 'excimer-wall{site="eqiad"}' ${RANGE} --baseline-from 2026-11-20T13:00 --baseline-to 2026-11-20T14:00 --by self`,
    ],
    [
      { view: 'series', by: 'site', fn: { name: 'f', file: '' } },
      `series 'excimer-wall{site="eqiad"}' ${RANGE} --by site --function f --exact`,
    ],
    [
      { view: 'functions', search: 'file:db/' },
      `search file:db/ 'excimer-wall{site="eqiad"}' ${RANGE} --by self`,
    ],
    [
      { view: 'sandwich', fn: { name: '-[NSObject init]', file: '' } },
      `sandwich --exact ${RANGE} -- '-[NSObject init]' 'excimer-wall{site="eqiad"}'`,
    ],
    [
      { view: 'heatmap', fn: { name: 'f', file: '' }, measure: 'load' },
      `heatmap 'excimer-wall{site="eqiad"}' ${RANGE}`,
    ],
    [{ view: 'status' }, 'status'],
  ] as [Partial<Question>, string][])('%o', (change, command) => {
    expect(commandOf({ ...QUESTION, ...change }, '127.0.0.1')).toBe(`flamekeep ${command}`);
  });

  it('names the server where it is another machine', () => {
    expect(commandOf({ ...QUESTION, view: 'status' }, 'perf.example')).toBe(
      'flamekeep status --server perf.example:4041',
    );
    expect(commandOf(EMPTY, 'x')).toBeNull();
    expect(commandOf({ ...QUESTION, view: 'diff' }, 'x')).toBeNull();
    expect(commandOf({ ...EMPTY, view: 'status' }, 'localhost')).toBe('flamekeep status');
  });
});

describe('files', () => {
  it('have the addresses of /render beside the page', () => {
    const address = new URL(fileAddress({ ...QUESTION, inverted: true }, 'folded')!);
    expect(address.origin + address.pathname).toBe('https://host/flamekeep/render');
    expect(Object.fromEntries(address.searchParams)).toEqual({
      query: 'excimer-wall{site="eqiad"}',
      from: '2026-11-20T13:00',
      to: '2026-11-20T14:00',
      format: 'folded',
      inverted: '1',
    });
    expect(fileAddress(EMPTY, 'svg')).toBeNull();
  });

  it('show the difference of a diff', () => {
    const question: Question = {
      ...QUESTION,
      view: 'diff',
      baseline: { selector: 'excimer', range: null },
    };
    const params = new URL(fileAddress(question, 'svg')!).searchParams;
    expect(params.get('baseline')).toBe('excimer');
    expect(params.get('baseline_from')).toBe('2026-11-20T13:00');
    expect(new URL(fileAddress(question, 'pprof')!).searchParams.has('baseline')).toBe(false);
  });

  it('have names that sort by time', () => {
    expect(fileName(QUESTION, 'png')).toBe('excimer-wall.20261120-1300.20261120-1400.png');
  });

  it('go to speedscope by address', () => {
    expect(speedscopeAddress(QUESTION)).toMatch(
      /^https:\/\/host\/flamekeep\/speedscope\/#profileURL=https%3A%2F%2Fhost%2Fflamekeep%2Frender%3F/,
    );
  });
});
