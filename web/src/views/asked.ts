// What the page asks the server about: the part of the question that all views share.
import { selection } from '@/api/request';
import { question } from '@/state/page';
import type { Filter, Range } from '@/state/question';

import type { Selection } from '@gen/flamekeep/v1/selection_pb';

export interface Asked {
  selection: Selection;
  key: string; // another one where anything of it is different
}

// Null while nothing is chosen. Components that call it are drawn again when it changes.
export function asked(): Asked | null {
  const { selector, range, filter } = question.value;
  if (selector === '' || !range) return null;
  return askedOf(selector, range, filter);
}

export function askedOf(selector: string, range: Range, filter: Filter): Asked {
  return {
    selection: selection(selector, range, filter),
    key: JSON.stringify([selector, range, filter]),
  };
}
