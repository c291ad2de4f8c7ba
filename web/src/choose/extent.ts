// When the first and the last samples of a profile type are.
import { milliseconds, selection } from '@/api/request';
import { admin, queries } from '@/api/client';
import { shared } from '@/api/shared';
import { MINUTE } from '@/format/times';
import type { Range } from '@/state/question';

import type { StoreStatsResponse } from '@gen/flamekeep/v1/admin_pb';

import { floorMinute, type Extent } from './ranges';

const KEPT_MS = MINUTE;
const POINTS = 2000;
// Each one looks at a point of the one before.
const LOOKS = 3;

// Null where there are no samples. Kept for a minute.
export const extentOf = shared(findExtent, KEPT_MS);

// The begin of the store's oldest bucket; undefined where it is empty.
export function oldestOf(stats: StoreStatsResponse): number | undefined {
  const begins = stats.sites
    .flatMap((site) => site.levels)
    .map((level) => milliseconds(level.oldest))
    .filter((time) => time !== undefined);
  return begins.length > 0 ? Math.min(...begins) : undefined;
}

async function findExtent(profileType: string, signal: AbortSignal): Promise<Extent | null> {
  const oldest = oldestOf(await admin.storeStats({}, { signal }));
  if (oldest === undefined) return null;
  const end = Math.max(oldest, floorMinute(Date.now())) + MINUTE;
  const look = (range: Range) => pointsWithSamples(profileType, range, signal);
  const points = await look({ from: oldest, to: end });
  if (points.length === 0) return null;
  const [first, last] = await Promise.all([
    closer(points[0], look, (found) => found[0]),
    closer(points.at(-1)!, look, (found) => found.at(-1)),
  ]);
  return { from: first.from, to: last.to };
}

// The shortest point that the store tells apart at one end of this one.
async function closer(
  point: Range,
  look: (range: Range) => Promise<Range[]>,
  end: (points: Range[]) => Range | undefined,
): Promise<Range> {
  let found = point;
  for (let looks = 1; looks < LOOKS && found.to - found.from > MINUTE; ++looks) {
    const next = end(await look(found));
    if (!next || next.to - next.from >= found.to - found.from) break;
    found = next;
  }
  return found;
}

async function pointsWithSamples(
  profileType: string,
  range: Range,
  signal: AbortSignal,
): Promise<Range[]> {
  const { edges, groups } = await queries.series(
    { selection: selection(profileType, range), maxPoints: POINTS },
    { signal },
  );
  const times = edges.map((edge) => milliseconds(edge)!);
  return (groups[0]?.observations ?? []).flatMap((count, i) =>
    count > 0n ? [{ from: times[i], to: times[i + 1] }] : [],
  );
}
