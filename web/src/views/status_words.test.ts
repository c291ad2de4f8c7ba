import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';

import {
  CounterStatus_Severity as Severity,
  SourceStatus_Kind as Kind,
  SourceStatusSchema,
  type SourceStatus,
  StatusResponseSchema,
  StoreStatsResponse_ForecastSchema,
} from '@gen/flamekeep/v1/admin_pb';

import { findings, sourceState } from './status_words';

const NOW = Date.UTC(2026, 10, 20, 3);
const secondsAgo = (seconds: number) => timestampFromMs(NOW - seconds * 1000);

const CONNECTED = {
  kind: Kind.STREAM,
  name: 'excimer',
  site: 'eqiad',
  configured: true,
  connected: true,
  since: secondsAgo(7200),
  lastMessage: secondsAgo(2),
} satisfies MessageInitShape<typeof SourceStatusSchema>;

function stateText(change: Partial<Omit<SourceStatus, '$typeName'>>): string {
  const { grade, word, detail } = sourceState(
    create(SourceStatusSchema, { ...CONNECTED, ...change }),
    NOW,
  );
  return `${grade}: ${word} ${detail}`;
}

it('tells the state of a source', () => {
  expect(stateText({})).toBe('ok: connected for 2 h');
  expect(stateText({ lagSeconds: 9.9 })).toBe('ok: connected for 2 h');
  expect(stateText({ lagSeconds: 90.5 })).toBe('warn: behind by 1 min 31 s');
  expect(stateText({ lastMessage: secondsAgo(3600) })).toBe('warn: silent for 1 h');
  expect(stateText({ lastMessage: undefined })).toBe('ok: connected no message yet');
  expect(stateText({ connected: false })).toBe('bad: disconnected for 2 h');
  expect(stateText({ configured: false })).toBe('off: retired not read by this server now');
});

describe('findings', () => {
  const texts = (
    status: MessageInitShape<typeof StatusResponseSchema>,
    forecast?: MessageInitShape<typeof StoreStatsResponse_ForecastSchema>,
  ) =>
    findings(
      create(StatusResponseSchema, status),
      forecast && create(StoreStatsResponse_ForecastSchema, forecast),
      NOW,
    ).map(({ grade, text }) => `${grade}: ${text}`);

  it('finds nothing where all is well', () => {
    const counters = [
      { name: 'a', severity: Severity.LOSS, value: 0 },
      { name: 'b', severity: Severity.INFO, value: 7 },
    ];
    const sources = [CONNECTED, { ...CONNECTED, configured: false, connected: false }];
    expect(texts({ counters, sources }, { toLimit: { seconds: 10_000_000n } })).toEqual([]);
  });

  it('has the worst first', () => {
    const sources = [
      { ...CONNECTED, lagSeconds: 60 },
      { ...CONNECTED, site: 'codfw', connected: false, lastError: 'refused' },
      { kind: Kind.PUSH, name: 'client', configured: false },
    ];
    const counters = [
      { name: 'a', severity: Severity.LOSS, value: 1 },
      { name: 'b', severity: Severity.ERROR, value: 2 },
      { name: 'c', severity: Severity.ERROR, value: 3 },
    ];
    expect(texts({ sources, counters, store: { writeError: 'no space left' } })).toEqual([
      'bad: The store can not be written: no space left',
      'bad: excimer of codfw is disconnected since 2026-11-20 01:00:00 UTC: refused',
      'warn: excimer of eqiad is behind.',
      'warn: Samples were lost since the server started, for one reason.',
      'warn: Something failed since the server started and was tried again, for 2 reasons.',
    ]);
  });

  it('warns of a full disk, and not of max_bytes, which is met', () => {
    const full = (seconds: bigint, limitIsMaxBytes = false) =>
      texts({}, { toLimit: { seconds }, limitIsMaxBytes });
    expect(full(0n)).toEqual(['bad: The disk is full.']);
    expect(full(7200n)).toEqual(['bad: The disk is full in 2 h, as the store grows now.']);
    expect(full(864_000n)).toEqual(['warn: The disk is full in 10 d, as the store grows now.']);
    expect(full(7200n, true)).toEqual([]);
    expect(texts({ store: { cap: { unmetBytes: 3n << 30n } } })).toEqual([
      'bad: max_bytes can not be met: the store has 3.00 GiB too much, and nothing more may be removed.',
    ]);
  });
});
