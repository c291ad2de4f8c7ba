import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';

import { CoverageSchema, Gap_Reason, type Coverage } from '@gen/flamekeep/v1/selection_pb';

import { noticesOf as noticesAt, summaryOf } from './notices';

const FROM = Date.UTC(2026, 10, 20, 13);
const TO = Date.UTC(2026, 10, 20, 14);
const range = (from: number, to: number) => ({
  begin: timestampFromMs(from),
  end: timestampFromMs(to),
});
const coverage = (more: object) =>
  create(CoverageSchema, {
    covered: range(FROM, TO),
    observations: 1234n,
    completeThrough: timestampFromMs(TO),
    final: true,
    ...more,
  });
const gap = (more: object) => ({
  site: 'eqiad',
  source: 'excimer-wall',
  range: range(FROM, FROM + 120_000),
  reason: Gap_Reason.DISCONNECTED,
  node: 'arclamp1001',
  ...more,
});

const noticesOf = (answer: Coverage, now = TO + 3_600_000) => noticesAt(answer, now);

describe('noticesOf', () => {
  it('is silent about a whole answer', () => {
    expect(noticesOf(coverage({}))).toEqual([]);
    expect(noticesOf(coverage({ completeThrough: undefined }))).toEqual([]);
  });

  it('sums up an answer', () => {
    const summary = {
      amount: '2,000 samples',
      from: 'Summed from 1,234 stacks that came in.',
      covered: '2026-11-20 13:00 – 14:00 UTC',
      final: true,
    };
    const counted = coverage({ total: 2000n, unit: 'count' });
    expect(summaryOf(counted, false)).toEqual(summary);
    expect(summaryOf(counted, true)).toEqual({
      ...summary,
      amount: '2,000 samples after the filter',
      from: 'Summed from 1,234 stacks that came in, before the filter.',
    });
    const timed = coverage({ total: 1_520_000_000n, unit: 'nanoseconds' });
    expect(summaryOf(timed, false).amount).toBe('1.52 s');
  });

  it('names each gap with its reason', () => {
    const texts = noticesOf(
      coverage({ gaps: [gap({}), gap({ reason: Gap_Reason.UNHASHED, node: '' })] }),
    );
    expect(texts).toEqual([
      {
        kind: 'incomplete',
        text: 'excimer-wall of eqiad, 2026-11-20 13:00 – 13:02: nobody listened to the channel (arclamp1001).',
      },
      {
        kind: 'note',
        text: 'excimer-wall of eqiad, 2026-11-20 13:00 – 13:02: samples are there without the labels that are to be hashed.',
      },
    ]);
  });

  it('counts gaps beyond the first ones', () => {
    const notices = noticesOf(coverage({ gaps: Array(7).fill(gap({})), gapsLeftOut: 10n }));
    expect(notices).toHaveLength(6);
    expect(notices[5].text).toBe('12 more gaps are in this range.');
  });

  it('takes no gap for a loss in which samples lack labels only, however many there are', () => {
    const unhashed = Array.from({ length: 7 }, () => gap({ reason: Gap_Reason.UNHASHED }));
    const notices = noticesOf(coverage({ gaps: unhashed }));
    expect(notices.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'note'));
    expect(notices[5].text).toBe('2 more spans are without the labels that are to be hashed.');
    const mixed = noticesOf(coverage({ gaps: [...unhashed, gap({})] }));
    expect(mixed.filter(({ kind }) => kind === 'incomplete')).toHaveLength(1);
    expect(mixed[0].text).toContain('nobody listened to the channel');
  });

  it('tells where a source is behind, or has not reported', () => {
    const texts = (completeThrough: number) =>
      noticesOf(coverage({ completeThrough: timestampFromMs(completeThrough) })).map((n) => n.text);
    expect(texts(TO - 60_000)).toEqual([
      'Sources are read up to 2026-11-20 13:59: what is newer is not all here yet.',
    ]);
    expect(texts(0)).toEqual([
      'A source has not reported yet how far it is: samples may be missing. See Status.',
    ]);
  });

  it('is calm about the last minutes of a range that ends now', () => {
    const live = coverage({ completeThrough: timestampFromMs(TO - 60_000) });
    expect(noticesOf(live, TO + 30_000)).toEqual([
      { kind: 'note', text: 'live, read up to 2026-11-20 13:59' },
    ]);
    expect(noticesOf(live, TO + 300_000)[0].kind).toBe('incomplete');
  });

  it('tells of widened ranges and full sums', () => {
    expect(noticesOf(coverage({ widened: true, saturated: true })).map((n) => n.kind)).toEqual([
      'note',
      'note',
    ]);
  });
});
