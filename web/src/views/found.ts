// What the page's search found, in one selection or in the two of a diff.
import type { SearchResponse } from '@gen/flamekeep/v1/tables_pb';

import { exactly, percent } from '@/format/numbers';
import type { FunctionName } from '@/state/question';

import { exactText } from './measure';

export interface Found {
  functions: FunctionName[]; // those of any selection, each once
  complete: boolean; // whether they are all that match
  parts: Part[]; // by selection
}

// Of the samples that hold any function that matches.
interface Part {
  matched: bigint;
  total: bigint; // of the selection
  share: number;
  unit: string;
}

export function foundOf(responses: readonly SearchResponse[]): Found {
  const functions = new Map<string, FunctionName>();
  for (const row of responses.flatMap(({ rows }) => rows)) {
    functions.set(`${row.file}\n${row.function}`, { name: row.function, file: row.file });
  }
  return {
    functions: [...functions.values()],
    complete: responses.every(({ rowsLeftOut }) => rowsLeftOut === 0n),
    parts: responses.map(({ coverage, matchedTotal, matchedShare }) => ({
      matched: matchedTotal,
      total: coverage!.total,
      share: matchedShare,
      unit: coverage!.unit,
    })),
  };
}

// "12 functions, 34.5 % of all". Of two selections the second is the baseline.
export function foundText({ functions, complete, parts }: Found): string {
  if (functions.length === 0) return 'No function matches.';
  const count = `${exactly(functions.length)} ${functions.length === 1 ? 'function' : 'functions'}`;
  const wholes = parts.length === 1 ? ['all'] : ['the selection', 'the baseline'];
  const shares = parts.map(({ share }, i) => `${percent(share)} of ${wholes[i]}`);
  const told = [complete ? count : `${count} and more`, ...shares].join(', ');
  return complete ? told : `${told}; not all are marked`;
}

// The same with every digit.
export function foundTitle({ parts }: Found): string {
  return parts
    .map(({ matched, total, unit }) => `${exactly(matched)} of ${exactText(total, unit)}`)
    .join('; of the baseline ');
}
