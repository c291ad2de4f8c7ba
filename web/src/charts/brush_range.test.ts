import { describe, expect, it } from 'vitest';

import { MINUTE } from '@/format/times';

import { dragged, keyed, type Grip } from './brush_range';

const minutes = (from: number, to: number) => ({ from: from * MINUTE, to: to * MINUTE });
const snap = {
  span: minutes(0, 1000),
  step: 10 * MINUTE,
  edges: Array.from({ length: 101 }, (_, i) => i * 10 * MINUTE),
};
const after = (grip: Grip, begin: number, end: number, range = minutes(100, 200)) =>
  dragged(grip, range, begin * MINUTE, end * MINUTE, snap);

describe('dragged', () => {
  it('draws a range in either direction, on the edges of points', () => {
    expect(after('new', 303, 388)).toEqual(minutes(300, 390));
    expect(after('new', 388, 303)).toEqual(minutes(300, 390));
  });

  it('is never empty', () => {
    expect(after('new', 301, 303)).toEqual(minutes(300, 310));
    expect(after('new', 999, 1000)).toEqual(minutes(990, 1000));
    expect(after('from', 100, 200)).toEqual(minutes(200, 210));
  });

  it('moves the range, and keeps its length and the span', () => {
    expect(after('move', 150, 182)).toEqual(minutes(130, 230));
    expect(after('move', 150, 2000)).toEqual(minutes(900, 1000));
    expect(after('move', 150, -2000)).toEqual(minutes(0, 100));
  });

  it('moves an end, also beyond the other one', () => {
    expect(after('to', 200, 251)).toEqual(minutes(100, 250));
    expect(after('from', 100, 251)).toEqual(minutes(200, 250));
  });

  it('keeps to whole steps where there are no points', () => {
    const bare = { ...snap, edges: [0, 10 * MINUTE] };
    expect(dragged('new', null, 304 * MINUTE, 391 * MINUTE, bare)).toEqual(minutes(300, 390));
  });

  it('holds what it promises, whatever is dragged', () => {
    for (const grip of ['new', 'move', 'from', 'to'] as const) {
      for (let begin = -50; begin <= 1050; begin += 37) {
        for (let end = -50; end <= 1050; end += 41) {
          const range = after(grip, begin, end);
          expect(range.from).toBeLessThan(range.to);
          expect(range.from).toBeGreaterThanOrEqual(snap.span.from);
          expect(range.to).toBeLessThanOrEqual(snap.span.to);
          expect(range.from % MINUTE).toBe(0);
        }
      }
    }
  });
});

describe('keyed', () => {
  const wide = { span: snap.span, step: 20 * MINUTE };
  const press = (key: string, shift = false, range = minutes(100, 130)) =>
    keyed(key, shift, range, wide);

  it('moves and resizes', () => {
    expect(press('ArrowRight')).toEqual(minutes(120, 150));
    expect(press('ArrowLeft')).toEqual(minutes(80, 110));
    expect(press('ArrowRight', true)).toEqual(minutes(100, 150));
    expect(press('ArrowLeft', true)).toEqual(minutes(100, 110));
    expect(press('PageUp')).toEqual(minutes(70, 100));
    expect(press('PageDown')).toEqual(minutes(130, 160));
    expect(press('a')).toBeUndefined();
  });

  it('leaves a minute', () => {
    expect(press('ArrowLeft', true, minutes(5, 8))).toEqual(minutes(5, 6));
    expect(press('ArrowLeft', true, minutes(5, 6))).toEqual(minutes(5, 6));
  });

  it('does not leave what is shown, however often it is pressed', () => {
    const often = (key: string, shift = false) => {
      let range = minutes(100, 130);
      for (let i = 0; i < 99; ++i) range = press(key, shift, range)!;
      return range;
    };
    expect(often('PageDown')).toEqual(minutes(970, 1000));
    expect(often('ArrowRight')).toEqual(minutes(970, 1000));
    expect(often('PageUp')).toEqual(minutes(0, 30));
    expect(often('ArrowLeft')).toEqual(minutes(0, 30));
    const longer = minutes(-500, 1500);
    expect(press('PageDown', false, longer)).toEqual(minutes(0, 2000));
    expect(press('PageUp', false, longer)).toEqual(minutes(-1000, 1000));
    expect(often('ArrowRight', true)).toEqual(minutes(100, 1000));
    expect(often('ArrowLeft', true)).toEqual(minutes(100, 101));
  });
});
