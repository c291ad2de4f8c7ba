import { describe, expect, it } from 'vitest';

import { bytes, exactly, percent, points, probability, shareOf, withUnit } from './numbers';

describe('withUnit', () => {
  it.each<[bigint | number, string, string]>([
    [0n, 'samples', '0'],
    [7n, 'samples', '7'],
    [999n, 'count', '999'],
    [1000n, 'samples', '1.00k'],
    [38_292n, 'samples', '38.3k'],
    [99_960n, 'samples', '100k'],
    [999_499n, 'samples', '999k'],
    [999_500n, 'samples', '1.00M'],
    [999_999_999n, 'samples', '1.00G'],
    [2n ** 64n - 1n, 'samples', '18.4E'],
    [1 / 3, 'samples', '0.333'],
    [2.5, 'samples', '2.5'],
    [12.3456, 'samples', '12.3'],
    [999.7, 'samples', '1.00k'],
    [0.000_012_34, 'samples', '0.0000123'],
    [0n, 'nanoseconds', '0 ns'],
    [999n, 'nanoseconds', '999 ns'],
    [1_000n, 'nanoseconds', '1.00 µs'],
    [1_520_000_000n, 'nanoseconds', '1.52 s'],
    [999_700_000n, 'nanoseconds', '1.00 s'],
    [59_940_000_000n, 'nanoseconds', '59.9 s'],
    [59_980_000_000n, 'nanoseconds', '1.00 min'],
    [3_599_900_000_000n, 'nanoseconds', '1.00 h'],
    [1_234n * 3_600_000_000_000n, 'nanoseconds', '1,234 h'],
    [12_582_912n, 'bytes', '12.0 MiB'],
    [38_292n, 'objects', '38.3k objects'],
  ])('%s %s: %s', (value, unit, expected) => {
    expect(withUnit(value, unit)).toBe(expected);
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1.00 KiB'],
    [1000 * 1024, '1,000 KiB'],
    [1023.6 * 1024, '1.00 MiB'],
    [2 ** 40, '1.00 TiB'],
  ])('%s: %s', (value, expected) => {
    expect(bytes(value)).toBe(expected);
  });
});

describe('percent', () => {
  it.each([
    [0, '0.00 %'],
    [0.000_04, '<0.01 %'],
    [0.0004, '0.04 %'],
    [0.009_94, '0.99 %'],
    [0.009_96, '1.0 %'],
    [0.1234, '12.3 %'],
    [1, '100.0 %'],
  ])('%s: %s', (share, expected) => {
    expect(percent(share)).toBe(expected);
  });
});

describe('points', () => {
  it.each([
    [0, '0.00 points'],
    [0.012, '+1.20 points'],
    [-0.012, '−1.20 points'],
    [0.000_12, '+0.012 points'],
  ])('%s: %s', (difference, expected) => {
    expect(points(difference)).toBe(expected);
  });
});

describe('exactly and shareOf', () => {
  it('take what is beyond 2^53', () => {
    expect(exactly(2n ** 64n - 1n)).toBe('18,446,744,073,709,551,615');
    expect(shareOf(2n ** 63n, 2n ** 64n)).toBe(0.5);
  });

  it('are 0 of nothing', () => {
    expect(shareOf(0n, 0n)).toBe(0);
  });
});

it.each([
  [1, '1.0'],
  [0.2, '0.20'],
  [0.00312, '0.0031'],
  [0.00001, '<0.0001'],
])('a probability of %d', (value, text) => {
  expect(probability(value)).toBe(text);
});
