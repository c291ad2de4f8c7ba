import { describe, expect, it } from 'vitest';

import { NO_FILTER, type Filter } from '@/state/question';

import { KINDS, partsOf, withoutPart, withPart, type FilterKind } from './filter_parts';

describe('parts of a filter', () => {
  const kinds = Object.keys(KINDS) as FilterKind[];

  it.each(kinds)('%s is added and removed', (kind) => {
    const part = { kind, text: '12' };
    const filter = withPart(NO_FILTER, part);
    expect(partsOf(filter)).toEqual([part]);
    expect(withPart(filter, part)).toEqual(filter);
    expect(withoutPart(filter, part)).toEqual(NO_FILTER);
  });

  it('are all told, and leave the others alone', () => {
    const parts = kinds.map((kind) => ({ kind, text: '7' }));
    const filter = parts.reduce<Filter>(withPart, NO_FILTER);
    expect(partsOf(filter)).toEqual(parts);
    for (const part of parts) {
      expect(partsOf(withoutPart(filter, part))).toEqual(parts.filter((other) => other !== part));
    }
  });
});
