// What a reader of an answer has to know about it, in sentences.
import type { TimeRange } from '@gen/flamekeep/v1/common_pb';
import { Gap_Reason, type Coverage, type Gap } from '@gen/flamekeep/v1/selection_pb';

import { milliseconds } from '@/api/request';
import { exactly } from '@/format/numbers';
import { formatTime } from '@/state/question';

export interface Notice {
  // 'incomplete': numbers are too low. 'note': they are right, and something else is to be known.
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

// Gaps that are told one by one.
const MAX_GAPS = 5;

export function span(from: number, to: number): string {
  const begin = formatTime(from).replace('T', ' ');
  const end = formatTime(to).replace('T', ' ');
  const sameDay = begin.slice(0, 10) === end.slice(0, 10);
  return `${begin} – ${sameDay ? end.slice(11) : end}`;
}

function spanOf(range: TimeRange | undefined): string {
  return span(milliseconds(range?.begin) ?? 0, milliseconds(range?.end) ?? 0);
}

function ofGap(gap: Gap): Notice {
  const where = gap.node ? ` (${gap.node})` : '';
  return {
    kind: gap.reason === Gap_Reason.UNHASHED ? 'note' : 'incomplete',
    text: `${gap.source} of ${gap.site}, ${spanOf(gap.range)}: ${REASONS[gap.reason]}${where}.`,
  };
}

export function noticesOf(coverage: Coverage): Notice[] {
  const notices = coverage.gaps.slice(0, MAX_GAPS).map(ofGap);
  const more = BigInt(Math.max(0, coverage.gaps.length - MAX_GAPS)) + coverage.gapsLeftOut;
  if (more > 0n) {
    notices.push({ kind: 'incomplete', text: `${exactly(more)} more gaps are in this range.` });
  }
  const end = milliseconds(coverage.covered?.end) ?? 0;
  const complete = milliseconds(coverage.completeThrough);
  if (complete === 0) {
    notices.push({
      kind: 'incomplete',
      text: 'A source has not reported yet how far it is: samples may be missing. See Status.',
    });
  } else if (complete !== undefined && complete < end) {
    notices.push({
      kind: 'incomplete',
      text: `Sources are read up to ${formatTime(complete).replace('T', ' ')}: what is newer is not all here yet.`,
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

// What the answer is: how many samples of which time, and whether that can still change.
export function summaryOf(coverage: Coverage): { samples: string; covered: string; final: boolean } {
  return {
    samples: `${exactly(coverage.observations)} ${coverage.observations === 1n ? 'sample' : 'samples'}`,
    covered: `${spanOf(coverage.covered)} UTC`,
    final: coverage.final,
  };
}
