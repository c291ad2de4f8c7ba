// The functions of a diff, in the order of its table, and what they come to in words.
import type {
  DiffResponse,
  DiffResponse_Compared as Compared,
  DiffResponse_Function as DiffFunction,
} from '@gen/flamekeep/v1/diff_pb';

import { exactly } from '@/format/numbers';

export type Value = 'self' | 'total';
export type DiffColumn = 'function' | 'baseline' | 'selection' | 'difference';

export interface DiffRow {
  function: string;
  file: string; // empty: unknown
  compared: Compared; // of the value that is looked at
}

export function rowsOf(functions: readonly DiffFunction[], value: Value): DiffRow[] {
  return functions.flatMap((row) => {
    const compared = row[value];
    return compared ? [{ function: row.function, file: row.file, compared }] : [];
  });
}

const COMPARE: Record<DiffColumn, (a: DiffRow, b: DiffRow) => number> = {
  function: (a, b) => (a.function < b.function ? -1 : a.function > b.function ? 1 : 0),
  baseline: (a, b) => a.compared.baselineShare - b.compared.baselineShare,
  selection: (a, b) => a.compared.selectionShare - b.compared.selectionShare,
  difference: (a, b) => Math.abs(a.compared.difference) - Math.abs(b.compared.difference),
};

// Rows that are equal in it keep the order of the server.
export function sortedRows(
  rows: readonly DiffRow[],
  by: DiffColumn,
  descending: boolean,
): DiffRow[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * COMPARE[by](a, b));
}

const LEAST_BUCKETS = 5; // below, the server gives no verdict

export interface Summary {
  text: string;
  verdict: boolean; // whether differences could be told from noise
}

export function summaryOf(response: DiffResponse): Summary {
  const { functionCount, beyondNoise, baseline, coverage } = response;
  if (!baseline?.total || !coverage?.total) {
    const side = baseline?.total ? 'selection' : 'baseline';
    const text = `The ${side} holds no samples: choose another time or selector for it.`;
    return { text, verdict: false };
  }
  const short = [
    { side: 'baseline', buckets: response.baselineBuckets },
    { side: 'selection', buckets: response.buckets },
  ].find(({ buckets }) => buckets < LEAST_BUCKETS);
  if (short) {
    const parts = short.buckets === 1 ? '1 part' : `${short.buckets} parts`;
    const text = `Not enough data to tell differences from noise: the ${short.side} holds samples in ${parts} of its time, and ${LEAST_BUCKETS} are needed. Choose a longer range.`;
    return { text, verdict: false };
  }
  const functions = functionCount === 1n ? '1 function' : `${exactly(functionCount)} functions`;
  const text =
    beyondNoise === 0n
      ? `None of ${functions} differs beyond noise.`
      : `${exactly(beyondNoise)} of ${functions} ${beyondNoise === 1n ? 'differs' : 'differ'} beyond noise.`;
  return { text, verdict: true };
}
