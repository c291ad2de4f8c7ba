import { describe, expect, it } from 'vitest';

import { EMPTY, formatQuestion, parseQuestion, parseTime, type Question } from './question';

const FULL: Question = {
  view: 'diff',
  selector: 'excimer-wall{site="eqiad",entry_point=~"index|api"}',
  range: { from: Date.UTC(2026, 10, 20, 13), to: Date.UTC(2026, 10, 20, 14, 5) },
  filter: {
    keep: ['Database', 'file:includes/.*'],
    drop: ['wait & see'],
    hide: ['^{main}$'],
    focus: 'a+b',
    until: 'ö',
    maxDepth: 12,
  },
  inverted: true,
  beside: true,
  zoom: '1a2b',
  search: '%20&',
  fn: { name: 'A::b<c>', file: 'x/y.php' },
  sort: 'total',
  measure: 'load',
  by: 'version',
  years: -2,
  month: '2024-02',
  baseline: { selector: 'excimer-wall', range: { from: Date.UTC(2024, 1, 28), to: Date.UTC(2024, 1, 29) } },
};

describe('the address of a page', () => {
  it('says nothing where nothing was chosen', () => {
    expect(formatQuestion(EMPTY)).toBe('');
    expect(parseQuestion('')).toEqual(EMPTY);
  });

  it('keeps everything', () => {
    expect(parseQuestion(formatQuestion(FULL))).toEqual(FULL);
  });

  it('keeps each thing without the others', () => {
    for (const key of Object.keys(FULL) as (keyof Question)[]) {
      const one = { ...EMPTY, [key]: FULL[key] };
      expect(parseQuestion(formatQuestion(one))).toEqual(one);
    }
    const wholly = { ...EMPTY, baseline: { selector: '', range: null } };
    expect(parseQuestion(formatQuestion(wholly))).toEqual(wholly);
  });

  it('takes what is wrong for what is not there', () => {
    expect(parseQuestion('?view=x&from=2026-11-20&to=2026-11-20&max_depth=-3&sort=z')).toEqual(EMPTY);
    expect(parseQuestion('?from=2026-13-20&to=2027-01-01').range).toBeNull();
    for (const years of ['1.5', '1e9', 'x', '-101', '']) {
      expect(parseQuestion(`?years=${years}&month=2026`), years).toEqual(EMPTY);
    }
    expect(parseQuestion('?max_depth=1e9').filter.maxDepth).toBe(65_535);
  });
});

describe('parseTime', () => {
  it.each([
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    ['2026-11-20T13:05', Date.UTC(2026, 10, 20, 13, 5)],
    [' 2026-11-20 13:05 ', Date.UTC(2026, 10, 20, 13, 5)],
    ['2026-11-20T13:05:59.5Z', Date.UTC(2026, 10, 20, 13, 5)],
    ['2026-11-20T13:05+02:00', Date.UTC(2026, 10, 20, 11, 5)],
    ['2026-11-20 24:00', Date.UTC(2026, 10, 21)],
    ['2024-02-29T23:00-05:00', Date.UTC(2024, 2, 1, 4)],
  ])('%s', (text, time) => {
    expect(parseTime(text)).toBe(time);
  });

  it.each([
    ...['', 'now', '2026-11', '2026-11-20T25:00', '2026-11-20T13'],
    ...['2026-02-30', '2026-11-31T13:00', '2025-02-29', '2026-02-30T23:00-05:00'],
  ])('refuses %s', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});
