import { describe, expect, it } from 'vitest';

import { parseSelector } from '@/state/selector';

import { chipsOf } from './chips';

const LABELS = [
  { name: 'a', values: 2n },
  { name: 'b', values: 1n },
  { name: 'c', values: 9n },
  { name: 'site', values: 2n },
];

const told = (text: string, labels = LABELS) =>
  chipsOf(parseSelector(text)!.matchers, labels).map(({ label, nth, at }) => `${label}${nth}@${at}`);

describe('chipsOf', () => {
  it('offers labels that have several values, the site first', () => {
    expect(told('t')).toEqual(['site0@0', 'a0@0', 'c0@0']);
  });

  it('keeps their order when they are said', () => {
    expect(told('t{a="1",site="x"}')).toEqual(['site0@1', 'a0@0', 'c0@2']);
  });

  it('tells every matcher', () => {
    expect(told('t{b="1",a="2",b!="3",z=~"."}')).toEqual([
      'site0@4',
      'a0@1',
      'c0@4',
      'b0@0',
      'b1@2',
      'z0@3',
    ]);
    expect(told('t{z="1"}', [])).toEqual(['z0@0']);
  });
});
