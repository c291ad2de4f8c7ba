// Which labels have a chip, in an order that stays while their matchers change.
import type { Matcher } from '@/state/selector';

export interface Chip {
  label: string;
  nth: number; // of the label's chips
  at: number; // its matcher; that behind the last one: any value, so far
}

// Labels that are offered though nothing is said of them.
const OFFERED = 4;

export function chipsOf(
  matchers: readonly Matcher[],
  labels: readonly { name: string; values: bigint }[],
): Chip[] {
  const said = (label: string): Chip[] =>
    matchers
      .flatMap((matcher, at) => (matcher.label === label ? [at] : []))
      .map((at, nth) => ({ label, nth, at }));
  const offered = labels
    .filter(({ values }) => values > 1n)
    .map(({ name }) => name)
    .sort((a, b) => Number(b === 'site') - Number(a === 'site'))
    .slice(0, OFFERED);
  const others = matchers.map(({ label }) => label).filter((label) => !offered.includes(label));
  return [
    ...offered.flatMap((label) => {
      const chips = said(label);
      return chips.length > 0 ? chips : [{ label, nth: 0, at: matchers.length }];
    }),
    ...[...new Set(others)].flatMap(said),
  ];
}
