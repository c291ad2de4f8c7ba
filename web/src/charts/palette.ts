// Colours of series: told apart with every common kind of colour blindness, and clear enough on
// both the light and the dark page. Beyond the last one they begin anew, dashed.

export const SERIES_COLORS = [
  '#0072b2', // blue
  '#d55e00', // vermilion
  '#009e73', // green
  '#cc6fa3', // pink
  '#8f3df0', // violet
  '#c0197f', // crimson
  '#5f8af7', // sky
] as const;

// What is not a series of its own: "others".
export const REST_COLOR = '#808794';

export function seriesColor(index: number): string {
  return SERIES_COLORS[index % SERIES_COLORS.length];
}

// Lengths of dashes and of what is between them, in pixels; none for a line without.
export function seriesDash(index: number): number[] {
  const turn = Math.floor(index / SERIES_COLORS.length);
  return turn === 0 ? [] : [6, 2 + 2 * turn];
}

// A colour as a canvas takes it: `var(--bar)` is looked up where the element stands.
export function resolveColor(color: string, element: Element): string {
  const token = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return token ? getComputedStyle(element).getPropertyValue(token).trim() : color;
}
