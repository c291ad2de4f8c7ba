// What a reader of an answer has to know about it, in sentences.
import type { TimeRange } from '@gen/flamekeep/v1/common_pb';
import { Gap_Reason, type Coverage, type Gap } from '@gen/flamekeep/v1/selection_pb';

import { milliseconds } from '@/api/request';
import { exactly, withUnit } from '@/format/numbers';
import { MINUTE, rangeText, timeText } from '@/format/times';

export interface Notice {
  // 'incomplete': samples are missing. 'note': all are here, and something else is to be known.
  kind: 'incomplete' | 'note';
  text: string;
}

const REASONS: Record<Gap_Reason, string> = {
  [Gap_Reason.UNSPECIFIED]: 'samples were lost',
  [Gap_Reason.DISCONNECTED]: 'nobody listened to the channel',
  [Gap_Reason.TRIMMED]: 'entries were removed from the stream before they were read',
  [Gap_Reason.REPLACED]: 'the stream came back shorter: a failover, or it was made again',
  [Gap_Reason.OVERFLOW]: 'samples came faster than they could be decoded, and some were dropped',
  [Gap_Reason.UNHASHED]: 'samples are there without the labels that are to be hashed',
};

// Gaps that are told one by one, of those with losses and of the others.
const MAX_GAPS = 5;

// Whether samples are missing there: others are only without some of their labels.
export function isLoss({ reason }: Gap): boolean {
  return reason !== Gap_Reason.UNHASHED;
}

function spanOf(range: TimeRange | undefined): string {
  return rangeText({ from: milliseconds(range?.begin) ?? 0, to: milliseconds(range?.end) ?? 0 });
}

function gapText(gap: Gap): string {
  const where = gap.node ? ` (${gap.node})` : '';
  return `${gap.source} of ${gap.site}, ${spanOf(gap.range)}: ${REASONS[gap.reason]}${where}.`;
}

// The first gaps, and how many there are beyond.
function ofGaps(kind: Notice['kind'], gaps: Gap[], leftOut: bigint, beyond: string): Notice[] {
  const notices = gaps.slice(0, MAX_GAPS).map((gap) => ({ kind, text: gapText(gap) }));
  const more = BigInt(gaps.length - notices.length) + leftOut;
  if (more > 0n) notices.push({ kind, text: `${exactly(more)} more ${beyond}.` });
  return notices;
}

// What a source that keeps up is behind by: minutes are complete once they are over.
const USUAL_LAG = 3 * MINUTE;

// `now`, in milliseconds, tells whether what is not here yet should be.
export function noticesOf(coverage: Coverage, now: number): Notice[] {
  const losses = coverage.gaps.filter(isLoss);
  const others = coverage.gaps.filter((gap) => !isLoss(gap));
  const notices = [
    // Nothing is known of those that are left out: samples may be missing there.
    ...ofGaps('incomplete', losses, coverage.gapsLeftOut, 'gaps are in this range'),
    ...ofGaps('note', others, 0n, 'spans are without the labels that are to be hashed'),
  ];
  const end = milliseconds(coverage.covered?.end) ?? 0;
  const complete = milliseconds(coverage.completeThrough);
  if (complete === 0) {
    notices.push({
      kind: 'incomplete',
      text: 'A source has not reported yet how far it is: samples may be missing. See Status.',
    });
  } else if (complete !== undefined && complete < end && complete > now - USUAL_LAG) {
    notices.push({ kind: 'note', text: `live, read up to ${timeText(complete)}` });
  } else if (complete !== undefined && complete < end) {
    notices.push({
      kind: 'incomplete',
      text: `Sources are read up to ${timeText(complete)}: what is newer is not all here yet.`,
    });
  }
  if (coverage.widened) {
    notices.push({
      kind: 'note',
      text: `The range is widened to ${spanOf(coverage.covered)}: the store keeps no finer times there.`,
    });
  }
  if (coverage.saturated) {
    notices.push({
      kind: 'note',
      text: 'A sum is larger than 64 bits hold, and stands at the largest number they do.',
    });
  }
  return notices;
}

export interface Summary {
  amount: string; // the sum of the values: samples, or time, ...
  from: string; // what it was summed from
  covered: string;
  final: boolean;
}

// `filtered`: a frame filter chose the stacks.
export function summaryOf(coverage: Coverage, filtered: boolean): Summary {
  const { total, observations, unit } = coverage;
  const samples = total === 1n ? 'sample' : 'samples';
  const amount = unit === 'count' ? `${exactly(total)} ${samples}` : withUnit(total, unit);
  return {
    amount: filtered ? `${amount} after the filter` : amount,
    from: `Summed from ${exactly(observations)} stacks that came in${filtered ? ', before the filter' : ''}.`,
    covered: `${spanOf(coverage.covered)} UTC`,
    final: coverage.final,
  };
}
