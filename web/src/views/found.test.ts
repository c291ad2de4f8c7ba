import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { SearchResponseSchema } from '@gen/flamekeep/v1/tables_pb';

import { foundOf, foundText, foundTitle } from './found';

const response = (names: string[], matchedTotal: bigint, rowsLeftOut = 0n) =>
  create(SearchResponseSchema, {
    coverage: { total: 1000n, unit: 'nanoseconds' },
    rows: names.map((name) => ({ function: name, file: name === 'b' ? '/b.php' : '' })),
    rowsLeftOut,
    matchedTotal,
    matchedShare: Number(matchedTotal) / 1000,
  });

describe('what was found', () => {
  it('is told of one selection', () => {
    const found = foundOf([response(['a', 'b'], 345n)]);
    expect(found.functions).toEqual([
      { name: 'a', file: '' },
      { name: 'b', file: '/b.php' },
    ]);
    expect(foundText(found)).toBe('2 functions, 34.5 % of all');
    expect(foundTitle(found)).toBe('345 of 1,000 nanoseconds');
  });

  it('is of both selections of a diff, each function once', () => {
    const found = foundOf([response(['a', 'b'], 345n), response(['b', 'c'], 20n)]);
    expect(found.functions.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(foundText(found)).toBe('3 functions, 34.5 % of the selection, 2.0 % of the baseline');
    expect(foundTitle(found)).toBe('345 of 1,000 nanoseconds; of the baseline 20 of 1,000 nanoseconds');
  });

  it('says where more match than are listed', () => {
    const found = foundOf([response(['a'], 345n, 1n)]);
    expect(foundText(found)).toBe('1 function and more, 34.5 % of all; not all are marked');
  });

  it('may be nothing', () => {
    expect(foundText(foundOf([response([], 0n)]))).toBe('No function matches.');
  });
});
