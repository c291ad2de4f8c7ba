// A filter of frames in parts that are shown, added and removed one by one.
import { withExpression } from '@/state/filter';
import type { Filter } from '@/state/question';

export type FilterKind = 'keep' | 'drop' | 'hide' | 'focus' | 'until' | 'maxDepth';

export interface FilterPart {
  kind: FilterKind;
  text: string; // an expression, or the depth
}

export const KINDS: Record<FilterKind, { name: string; means: string }> = {
  keep: { name: 'keep', means: 'Only stacks that hold such a frame.' },
  drop: { name: 'drop', means: 'No stacks that hold such a frame.' },
  hide: { name: 'hide', means: 'Such frames are left out; what they do counts for their caller.' },
  focus: { name: 'focus', means: 'Only stacks that hold such a frame, from it on.' },
  until: {
    name: 'until',
    means: 'Only stacks that hold such a frame, up to it: what it calls counts as its own.',
  },
  maxDepth: { name: 'max depth', means: 'Deeper frames count for the one above.' },
};

export function partsOf(filter: Filter): FilterPart[] {
  const list = (kind: 'keep' | 'drop' | 'hide') => filter[kind].map((text) => ({ kind, text }));
  const one = (kind: 'focus' | 'until') => (filter[kind] ? [{ kind, text: filter[kind] }] : []);
  return [
    ...list('keep'),
    ...list('drop'),
    ...list('hide'),
    ...one('focus'),
    ...one('until'),
    ...(filter.maxDepth > 0
      ? [{ kind: 'maxDepth' as const, text: String(filter.maxDepth) }]
      : []),
  ];
}

// There is one focus, one end and one depth: another takes its place. The rest is there once.
export function withPart(filter: Filter, { kind, text }: FilterPart): Filter {
  switch (kind) {
    case 'keep':
    case 'drop':
    case 'hide':
      return withExpression(filter, kind, text);
    case 'focus':
    case 'until':
      return { ...filter, [kind]: text };
    case 'maxDepth':
      return { ...filter, maxDepth: Math.trunc(Number(text)) };
  }
}

export function withoutPart(filter: Filter, { kind, text }: FilterPart): Filter {
  switch (kind) {
    case 'keep':
    case 'drop':
    case 'hide':
      return { ...filter, [kind]: filter[kind].filter((other) => other !== text) };
    case 'focus':
    case 'until':
      return { ...filter, [kind]: '' };
    case 'maxDepth':
      return { ...filter, maxDepth: 0 };
  }
}
