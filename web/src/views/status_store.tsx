// What the store holds, how it grows, and how long it keeps what.
import type {
  SizeCap,
  StoreStatsResponse,
  StoreStatsResponse_DictionaryStats as DictionaryStats,
  StoreStatsResponse_Forecast as Forecast,
  StoreStatsResponse_LevelStats as LevelStats,
  StoreStatus,
} from '@gen/flamekeep/v1/admin_pb';

import { milliseconds } from '@/api/request';
import { duration, utc } from '@/format/moments';
import { bytes, exactly } from '@/format/numbers';
import { Table, type Column } from '@/ui/table';

import { Section } from './status_parts';
import { levelText } from './status_words';

interface LevelRow {
  site: string;
  stats: LevelStats;
}

export function StoreSection(props: { store: StoreStatus; stats: StoreStatsResponse | undefined }) {
  const { store, stats } = props;
  return (
    <Section title="Store">
      <p>
        <code>{store.directory}</code>: <b>{bytes(store.bytes)}</b>, of it{' '}
        {bytes(store.dictionaryBytes)} for the dictionary. {exactly(store.stacks)} stacks of{' '}
        {exactly(store.frames)} frames, {exactly(store.series)} series.{' '}
        {bytes(store.pendingBytes)} accepted and not yet durable.
      </p>
      {stats && (
        <p>
          Logs have {bytes(stats.logBytes)}, derived files {bytes(stats.derivedBytes)}.
        </p>
      )}
      {stats?.forecast && <p>{forecastText(stats.forecast)}</p>}
      {store.deleting && <p>A deletion is running: it is not through yet.</p>}
      {store.cap && <Cap cap={store.cap} />}
      {stats && <Levels stats={stats} store={store} />}
      {stats?.dictionary && <p class="muted">{dictionaryText(stats.dictionary)}</p>}
    </Section>
  );
}

function Cap({ cap }: { cap: SizeCap }) {
  return (
    <>
      <p>
        max_bytes is {bytes(cap.maxBytes)}, the store’s own files have {bytes(cap.liveBytes)}
        {cap.leavingBytes > 0n && `, of it about ${bytes(cap.leavingBytes)} to be freed`}.
      </p>
      {cap.removed.length > 0 && (
        <ul>
          {cap.removed.map(({ site, level, before }) => (
            <li key={`${site} ${level}`}>
              {levelText(level)} of {site} before {utc(milliseconds(before) ?? 0)} were removed for
              max_bytes
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Levels({ stats, store }: { stats: StoreStatsResponse; store: StoreStatus }) {
  const rows = stats.sites.flatMap(({ site, levels }) =>
    levels.map((level): LevelRow => ({ site, stats: level })),
  );
  const waiting = store.levels.filter(({ staleBuckets }) => staleBuckets > 0n);
  return (
    <>
      {rows.length > 0 && (
        <Table
          label="Sizes and retention by site and level"
          columns={levelColumns(stats.forecast !== undefined)}
          rows={rows}
          keyOf={(row) => `${row.site} ${row.stats.level}`}
        />
      )}
      <p class="muted">
        {waiting.length === 0
          ? 'No bucket waits for rollup.'
          : `Buckets that wait for rollup: ${waiting
              .map(({ level, staleBuckets }) => `${levelText(level)} ${exactly(staleBuckets)}`)
              .join(', ')}.`}
      </p>
    </>
  );
}

function levelColumns(retentionKnown: boolean): Column<LevelRow>[] {
  return [
    { id: 'site', header: 'Site', render: ({ site }) => site },
    { id: 'level', header: 'Level', render: ({ stats }) => levelText(stats.level) },
    { id: 'bytes', header: 'On disk', align: 'right', render: ({ stats }) => bytes(stats.bytes) },
    {
      id: 'growth',
      header: 'A day',
      title: 'How much it grows',
      align: 'right',
      render: ({ stats }) => growth(stats.bytesPerDay),
    },
    {
      id: 'oldest',
      header: 'Since',
      width: '24%',
      render: ({ stats }) => {
        const oldest = milliseconds(stats.oldest);
        return oldest === undefined ? <span class="muted">empty</span> : utc(oldest);
      },
    },
    {
      id: 'keep',
      header: 'Kept for',
      render: ({ stats: { keep } }) =>
        keep ? duration(Number(keep.seconds)) : retentionKnown ? 'ever' : 'unknown',
    },
  ];
}

function growth(perDay: number): string {
  const size = bytes(Math.round(Math.abs(perDay)));
  return perDay < 0 ? `−${size}` : size;
}

function forecastText(forecast: Forecast): string {
  const limit = `${forecast.limitIsMaxBytes ? 'max_bytes' : 'the end of the disk'} of ${bytes(forecast.limitBytes)}`;
  const now = `The store has ${bytes(forecast.bytes)} and grows by ${growth(forecast.bytesPerDay)} a day.`;
  if (!forecast.toLimit) return `${now} It does not reach ${limit} within ten years.`;
  const seconds = Number(forecast.toLimit.seconds);
  return seconds === 0 ? `${now} It is at ${limit}.` : `${now} It reaches ${limit} in ${duration(seconds)}.`;
}

function dictionaryText(dictionary: DictionaryStats): string {
  const rate = (perDay: number) => exactly(Math.round(perDay));
  const over = duration(Number(dictionary.over?.seconds ?? 0n));
  return (
    `The dictionary grows by ${rate(dictionary.framesPerDay)} frames and ` +
    `${rate(dictionary.stacksPerDay)} stacks, ${growth(dictionary.bytesPerDay)}, a day: ` +
    (dictionary.measured
      ? `measured over ${over}.`
      : `an average over the ${over} that have data; measured from the second day on, and less then.`)
  );
}
