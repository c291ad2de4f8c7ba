// Boxes of the functions that a search found.
import type { FunctionName } from '@/state/question';

import type { Graph } from './graph';

// 1: of one of them. The root is of none.
export function matchesOf(graph: Graph, functions: readonly FunctionName[]): Uint8Array {
  const { names, files, name, file } = graph;
  const nameAt = new Map(names.map((text, i) => [text, i]));
  const fileAt = new Map(files.map((path, i) => [path, i]));
  const keyOf = (nameIndex: number, fileIndex: number) => nameIndex * files.length + fileIndex;
  const wanted = new Set<number>();
  for (const fn of functions) {
    const [nameIndex, fileIndex] = [nameAt.get(fn.name), fileAt.get(fn.file)];
    if (nameIndex !== undefined && fileIndex !== undefined) wanted.add(keyOf(nameIndex, fileIndex));
  }
  const boxes = new Uint8Array(name.length);
  for (let i = 1; i < boxes.length; ++i) boxes[i] = wanted.has(keyOf(name[i], file[i])) ? 1 : 0;
  return boxes;
}
