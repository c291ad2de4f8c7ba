import { describe, expect, it } from 'vitest';

import { axisTexts, DAY, HOUR, rangeText } from './times';

const at = (...parts: [number, number, number?, number?, number?]) =>
  Date.UTC(parts[0], parts[1] - 1, parts[2] ?? 1, parts[3] ?? 0, parts[4] ?? 0);

describe('rangeText', () => {
  it.each([
    [at(2026, 11, 20, 13, 5), at(2026, 11, 20, 14), '2026-11-20 13:05 – 14:00'],
    [at(2026, 11, 20, 13), at(2026, 11, 21), '2026-11-20 13:00 – 24:00'],
    [at(2026, 11, 20, 13), at(2026, 11, 21, 13), '2026-11-20 13:00 – 2026-11-21 13:00'],
    [at(2026, 11, 20), at(2026, 11, 21), '2026-11-20'],
    [at(2026, 11, 20), at(2026, 11, 20), '2026-11-20 00:00 – 00:00'],
    [at(2026, 11, 20), at(2026, 11, 23), '2026-11-20 – 2026-11-22'],
  ])('%d to %d', (from, to, text) => {
    expect(rangeText({ from, to })).toBe(text);
  });
});

describe('axisTexts', () => {
  const texts = (from: number, step: number, count: number) =>
    axisTexts(Array.from({ length: count }, (_, i) => from + i * step));

  it('names the day once, and where it changes', () => {
    expect(texts(at(2026, 11, 20, 18), 3 * HOUR, 4)).toEqual([
      'Nov 20, 18:00',
      '21:00',
      'Nov 21',
      '03:00',
    ]);
  });

  it('names days', () => {
    expect(texts(at(2026, 12, 31), DAY, 3)).toEqual(['Dec 31', 'Jan 1, 2027', 'Jan 2']);
  });

  it('names months and years', () => {
    const months = [at(2026, 11), at(2026, 12), at(2027, 1), at(2027, 2)];
    expect(axisTexts(months)).toEqual(['Nov 2026', 'Dec', '2027', 'Feb']);
  });
});
