// What is told about a box, in words and figures.
import { exactly, percent, points, shareOf, withUnit } from '@/format/numbers';
import { VERDICTS } from '@/format/verdicts';

import type { Graph } from './graph';
import { isWithin, pathTo } from './hit';
import { printable } from './text_fit';

export interface Figure {
  label: string; // "Total"
  value: string; // "38,292"
  ofAll: string; // "12.3 %"
  ofZoomed: string; // the same of the zoomed box; '' where that says nothing
}

export interface Detail {
  name: string;
  file: string;
  figures: Figure[];
  difference: string; // of a diff: "+1.20 points, beyond noise"
  path: string;
}

const NAME_LIMIT = 400;
const PATH_ENDS = 3; // frames that are shown of each end of a long path
const PATH_NAME_LIMIT = 60;

export function detailOf(graph: Graph, box: number, zoomed: number, unit: string): Detail {
  const { names, files, name, file, exactTotal, exactSelf, diff } = graph;
  const figure = (label: string, values: readonly bigint[], wholes: readonly bigint[]): Figure => ({
    label,
    value: valueText(values[box], unit),
    ofAll: percent(shareOf(values[box], wholes[0])),
    ofZoomed:
      zoomed > 0 && isWithin(graph, box, zoomed) ? percent(shareOf(values[box], wholes[zoomed])) : '',
  });
  return {
    name: shortened(names[name[box]], NAME_LIMIT),
    file: shortened(files[file[box]], NAME_LIMIT),
    figures: diff
      ? [
          figure('Total', exactTotal, exactTotal),
          figure('Baseline', diff.baselineTotal, diff.baselineTotal),
          figure('Self', exactSelf, exactTotal),
          figure('Baseline self', diff.baselineSelf, diff.baselineTotal),
        ]
      : [figure('Total', exactTotal, exactTotal), figure('Self', exactSelf, exactTotal)],
    difference: diff ? `${points(diff.difference[box])}, ${VERDICTS[diff.verdict[box]]}` : '',
    path: pathText(graph, box),
  };
}

// In one sentence, to be read aloud.
export function sentenceOf(detail: Detail): string {
  const figures = detail.figures.map(
    ({ label, value, ofAll }) => `${label.toLowerCase()} ${value}, ${ofAll} of all`,
  );
  return [detail.name, ...figures, detail.difference].filter((part) => part !== '').join('; ');
}

// Every digit, and what it comes to.
export function valueText(value: bigint, unit: string): string {
  const digits = exactly(value);
  if (unit === 'count' || unit === '') return digits;
  if (unit === 'samples') return `${digits} samples`;
  return `${digits} ${unit} (${withUnit(value, unit)})`;
}

function pathText(graph: Graph, box: number): string {
  const path = pathTo(graph, box).slice(1, -1);
  const left = path.length - 2 * PATH_ENDS;
  const text = (i: number) => shortened(graph.names[graph.name[i]], PATH_NAME_LIMIT);
  if (left <= 1) return path.map(text).join(' › ');
  return [
    ...path.slice(0, PATH_ENDS).map(text),
    `… ${left} more …`,
    ...path.slice(-PATH_ENDS).map(text),
  ].join(' › ');
}

function shortened(text: string, limit: number): string {
  const letters = Array.from(printable(text.slice(0, 2 * limit)));
  const cut = letters.length > limit || text.length > 2 * limit;
  return cut ? `${letters.slice(0, limit).join('')}…` : letters.join('');
}
