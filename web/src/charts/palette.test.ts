import { describe, expect, it } from 'vitest';

import { REST_COLOR, SERIES_COLORS, seriesColor, seriesDash } from './palette';

const PAGES = ['#ffffff', '#14171c']; // --page, light and dark

const channels = (color: string) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

function contrast(a: string, b: string): number {
  const [high, low] = [a, b]
    .map((color) => {
      const [r, g, b] = channels(color).map(linear);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    })
    .sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

// What people with a full colour blindness see, by Machado, Oliveira and Fernandes (2009).
const SIGHTS = {
  protanopia: [0.152, 1.053, -0.205, 0.115, 0.786, 0.099, -0.004, -0.048, 1.052],
  deuteranopia: [0.367, 0.861, -0.228, 0.28, 0.673, 0.047, -0.012, 0.043, 0.969],
};

function seen(color: string, sight: number[]): number[] {
  const rgb = channels(color).map(linear);
  return [0, 1, 2].map((row) => rgb.reduce((sum, value, i) => sum + value * sight[3 * row + i], 0));
}

// The distance in the space Oklab, where 0.02 is just to be seen.
function distance(a: number[], b: number[]): number {
  const lab = ([r, g, b]: number[]) => {
    const l = Math.cbrt(0.4122 * r + 0.5363 * g + 0.0514 * b);
    const m = Math.cbrt(0.2119 * r + 0.6807 * g + 0.1074 * b);
    const s = Math.cbrt(0.0883 * r + 0.2817 * g + 0.63 * b);
    return [
      0.2105 * l + 0.7936 * m - 0.0041 * s,
      1.978 * l - 2.4286 * m + 0.4506 * s,
      0.0259 * l + 0.7828 * m - 0.8087 * s,
    ];
  };
  const other = lab(b);
  return Math.hypot(...lab(a).map((value, i) => value - other[i]));
}

describe('colours of series', () => {
  it.each([...SERIES_COLORS, REST_COLOR])('%s is clear on both pages', (color) => {
    for (const page of PAGES) expect(contrast(color, page)).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(SIGHTS))('are told apart with %s', (_, sight) => {
    SERIES_COLORS.forEach((a, i) => {
      SERIES_COLORS.slice(0, i).forEach((b) => {
        expect(distance(seen(a, sight), seen(b, sight)), `${a} and ${b}`).toBeGreaterThan(0.05);
      });
    });
  });

  it('begin anew, dashed', () => {
    const count = SERIES_COLORS.length;
    expect(seriesColor(count)).toBe(seriesColor(0));
    expect(seriesDash(count - 1)).toEqual([]);
    expect(seriesDash(count)).not.toEqual(seriesDash(2 * count));
  });
});
