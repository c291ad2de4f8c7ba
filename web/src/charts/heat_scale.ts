// From values to the steps of a sequential scale.

export const LEVELS = 7;

// How cells without a level look.
export const OUTSIDE = -1; // nothing is drawn
export const UNKNOWN = -2;
export const NO_SAMPLES = -3;

export interface HeatScale {
  low: number; // what is not above is of the first level
  high: number; // what is not below is of the last
  clippedLow: boolean; // there are values below
  clippedHigh: boolean; // there are values above
}

// One value in a hundred at each end does not count: a single odd hour would leave all others with
// one colour.
const CLIPPED = 0.01;

// A scale spans at least an eighth of what is in its middle to each side: where all values are about
// the same, noise is not to look like news.
const LEAST_SPREAD = 1 / 8;

export function scaleOf(values: number[]): HeatScale {
  if (values.length === 0) return { low: 0, high: 0, clippedLow: false, clippedHigh: false };
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const middle = (at(CLIPPED) + at(1 - CLIPPED)) / 2;
  const low = Math.min(at(CLIPPED), middle * (1 - LEAST_SPREAD));
  const high = Math.max(at(1 - CLIPPED), middle * (1 + LEAST_SPREAD));
  return { low, high, clippedLow: sorted[0] < low, clippedHigh: sorted[sorted.length - 1] > high };
}

// 0 to LEVELS - 1.
export function levelOf({ low, high }: HeatScale, value: number): number {
  if (high <= low) return 0;
  const level = Math.floor(((value - low) / (high - low)) * LEVELS);
  return Math.max(0, Math.min(LEVELS - 1, level));
}
