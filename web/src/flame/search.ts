// Boxes whose function matches an expression, and what they took together.
import { shareOf } from '@/format/numbers';

import type { Graph } from './graph';

export interface Matches {
  boxes: Uint8Array; // 1: matches
  count: number; // of them
  // Of the samples with any match in their stack: a match below another counts once.
  total: bigint;
  share: number; // of the root's total
  baseline?: { total: bigint; share: number }; // of a diff
}

const FILE_PREFIX = 'file:';

// As the server takes expressions, which is RE2's syntax: case counts but after "(?i)", and groups
// are named by "(?P<name>". With "file:" in front it is of the file.
function compile(search: string): { expression: RegExp; ofFile: boolean } {
  const ofFile = search.startsWith(FILE_PREFIX);
  const text = ofFile ? search.slice(FILE_PREFIX.length) : search;
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(text) ?? [];
  const unique = [...new Set(flags)].join('');
  return { expression: new RegExp(rest.replaceAll('(?P<', '(?<'), unique), ofFile };
}

// Why it is no expression, in a sentence; undefined where it is one.
export function searchError(search: string): string | undefined {
  try {
    compile(search);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(': ').at(-1)! : String(error);
    const wayOut = 'Put \\ before a character that is meant literally.';
    return `"${search}" is not a valid expression: ${reason}. ${wayOut}`;
  }
}

// Null where nothing is searched for, or where the expression is not valid.
export function matchesOf(graph: Graph, search: string): Matches | null {
  if (search === '' || searchError(search) !== undefined) return null;
  const { expression, ofFile } = compile(search);
  const distinct = Uint8Array.from(ofFile ? graph.files : graph.names, (text) =>
    expression.test(text) ? 1 : 0,
  );
  const which = ofFile ? graph.file : graph.name;
  const size = graph.depth.length;
  const boxes = new Uint8Array(size);
  let count = 0;
  let total = 0n;
  let baselineTotal = 0n;
  let covered = 0; // boxes up to here are below a match
  for (let i = 1; i < size; ++i) {
    if (!distinct[which[i]]) continue;
    boxes[i] = 1;
    count += 1;
    if (i < covered) continue;
    covered = graph.end[i];
    total += graph.exactTotal[i];
    baselineTotal += graph.diff?.baselineTotal[i] ?? 0n;
  }
  return {
    boxes,
    count,
    total,
    share: shareOf(total, graph.exactTotal[0]),
    ...(graph.diff && {
      baseline: {
        total: baselineTotal,
        share: shareOf(baselineTotal, graph.diff.baselineTotal[0]),
      },
    }),
  };
}
