// What a status means: the state of each source, and what somebody should look at.
import {
  CounterStatus_Severity as Severity,
  SourceStatus_Kind as Kind,
  type CounterStatus,
  type SourceStatus,
  type StatusResponse,
  type StoreStatsResponse_Forecast as Forecast,
} from '@gen/flamekeep/v1/admin_pb';
import { Level } from '@gen/flamekeep/v1/common_pb';

import { milliseconds } from '@/api/request';
import { bytes, exactly } from '@/format/numbers';
import { duration, utc } from '@/format/moments';
import { DAY, SECOND } from '@/format/times';

// As the command line has them.
const SILENCE_S = 60; // a live source that has said nothing for so long
const LAG_S = 10; // a stream whose newest entry is so much newer than the last one that was read
// Before the store reaches its limit.
const SOON_S = (14 * DAY) / SECOND;
const VERY_SOON_S = DAY / SECOND;

export type Grade = 'ok' | 'warn' | 'bad' | 'off';

export interface SourceState {
  grade: Grade;
  word: string; // "behind"
  detail: string; // "by 1 min 30 s"
  since?: number | undefined; // when it began, where that is known
}

export function isLive(source: SourceStatus): boolean {
  return source.kind === Kind.PUBSUB || source.kind === Kind.STREAM;
}

export function sourceState(source: SourceStatus, now: number): SourceState {
  const since = milliseconds(source.since);
  const lasting = since === undefined ? '' : `for ${duration((now - since) / SECOND)}`;
  if (!source.configured) {
    return { grade: 'off', word: 'retired', detail: 'not read by this server now' };
  }
  if (!source.connected) return { grade: 'bad', word: 'disconnected', detail: lasting, since };
  if (source.lagSeconds >= LAG_S) {
    return { grade: 'warn', word: 'behind', detail: `by ${duration(source.lagSeconds)}` };
  }
  const last = milliseconds(source.lastMessage);
  if (last === undefined) return { grade: 'ok', word: 'connected', detail: 'no message yet' };
  const silence = (now - last) / SECOND;
  if (silence > SILENCE_S) {
    return { grade: 'warn', word: 'silent', detail: `for ${duration(silence)}`, since: last };
  }
  return { grade: 'ok', word: 'connected', detail: lasting };
}

export interface Finding {
  grade: 'bad' | 'warn';
  text: string;
}

// What is wrong, the worst first; none where all is well. Says the same until something changes:
// screen readers read it when it does.
export function findings(
  status: StatusResponse,
  forecast: Forecast | undefined,
  now: number,
): Finding[] {
  const found = [...ofStore(status), ...ofForecast(forecast), ...ofSources(status, now)];
  const lost = counted(status, Severity.LOSS).length;
  if (lost > 0) {
    found.push({ grade: 'warn', text: `Samples were lost since the server started, for ${reasons(lost)}.` });
  }
  const errors = counted(status, Severity.ERROR).length;
  if (errors > 0) {
    const text = `Something failed since the server started and was tried again, for ${reasons(errors)}.`;
    found.push({ grade: 'warn', text });
  }
  return [...found.filter(({ grade }) => grade === 'bad'), ...found.filter(({ grade }) => grade === 'warn')];
}

// Counters of a severity that have counted something.
export function counted(status: StatusResponse, severity: Severity): CounterStatus[] {
  return status.counters.filter((counter) => counter.severity === severity && counter.value > 0);
}

function reasons(count: number): string {
  return count === 1 ? 'one reason' : `${exactly(count)} reasons`;
}

function ofStore({ store }: StatusResponse): Finding[] {
  const found: Finding[] = [];
  if (store?.writeError) {
    found.push({ grade: 'bad', text: `The store can not be written: ${store.writeError}` });
  }
  if (store?.cap && store.cap.unmetBytes > 0n) {
    const text = `max_bytes can not be met: the store has ${bytes(store.cap.unmetBytes)} too much, and nothing more may be removed.`;
    found.push({ grade: 'bad', text });
  }
  return found;
}

function ofForecast(forecast: Forecast | undefined): Finding[] {
  const seconds = forecast?.toLimit && Number(forecast.toLimit.seconds);
  // At max_bytes the oldest buckets go, as configured; at the end of the disk nothing is stored.
  if (!forecast || seconds === undefined || seconds > SOON_S || forecast.limitIsMaxBytes) return [];
  const text =
    seconds === 0 ? 'The disk is full.' : `The disk is full in ${duration(seconds)}, as the store grows now.`;
  return [{ grade: seconds <= VERY_SOON_S ? 'bad' : 'warn', text }];
}

function ofSources(status: StatusResponse, now: number): Finding[] {
  return status.sources.filter(isLive).flatMap((source) => {
    const { grade, word, since } = sourceState(source, now);
    if (grade !== 'bad' && grade !== 'warn') return [];
    const begin = since === undefined ? '' : ` since ${utc(since)}`;
    const error = grade === 'bad' && source.lastError ? `: ${source.lastError}` : '.';
    return [{ grade, text: `${source.name} of ${source.site} is ${word}${begin}${error}` }];
  });
}

const LEVELS: Record<Level, string> = {
  [Level.UNSPECIFIED]: 'unknown',
  [Level.MINUTE]: 'minutes',
  [Level.HOUR]: 'hours',
  [Level.DAY]: 'days',
  [Level.MONTH]: 'months',
  [Level.YEAR]: 'years',
};

export function levelText(level: Level): string {
  return LEVELS[level];
}

const KINDS: Record<Kind, string> = {
  [Kind.UNSPECIFIED]: 'unknown',
  [Kind.PUBSUB]: 'channel',
  [Kind.STREAM]: 'stream',
  [Kind.PUSH]: 'push',
  [Kind.IMPORT]: 'import',
};

export function kindText(kind: Kind): string {
  return KINDS[kind];
}
