// A number of a table: short, with its share and a bar; every digit in the title.
import { exactly, percent, shareOf, withUnit } from '@/format/numbers';

// What the values of tables have in common.
export interface Whole {
  unit: string; // of the values
  total: bigint; // what shares are of
}

// Counts have no unit: a sample may count several times.
export function exactText(value: bigint, unit: string): string {
  return unit === 'count' ? exactly(value) : `${exactly(value)} ${unit}`;
}

export function Measure(props: {
  value: bigint;
  whole: Whole;
  widest: bigint; // the value whose bar is as wide as the column
  shareOnly?: boolean | undefined; // where room is short
}) {
  const { value, whole, widest, shareOnly } = props;
  const share = percent(shareOf(value, whole.total));
  const text = exactText(value, whole.unit);
  return (
    <span
      class="measure"
      title={`${text}: ${share} of ${exactText(whole.total, whole.unit)}`}
      style={{ backgroundSize: `${shareOf(value, widest) * 100}% 100%` }}
    >
      {!shareOnly && <span>{withUnit(value, whole.unit)}</span>}
      <span>{share}</span>
    </span>
  );
}

// A share by itself, of what the column's header says.
export function ShareBar(props: { share: number; widest: number; title: string }) {
  const { share, widest, title } = props;
  const width = widest === 0 ? 0 : (share / widest) * 100;
  return (
    <span class="measure" title={title} style={{ backgroundSize: `${width}% 100%` }}>
      <span />
      <span>{percent(share)}</span>
    </span>
  );
}
