// When the first and the last samples of a selector are.
import { milliseconds, selection } from '@/api/request';
import { admin, queries } from '@/api/client';
import { MINUTE } from '@/format/times';

import type { StoreStatsResponse } from '@gen/flamekeep/v1/admin_pb';

import { floorMinute, type Extent } from './ranges';

const KEPT_MS = MINUTE;
const POINTS = 2000;
// Each one looks at a point of the one before.
const LOOKS = 3;

const kept = new Map<string, { until: number; extent: Promise<Extent | null> }>();

// Null where there are no samples. Kept for a minute.
export function extentOf(selector: string): Promise<Extent | null> {
  const now = Date.now();
  const known = kept.get(selector);
  if (known && known.until > now) return known.extent;
  const extent = findExtent(selector, now);
  kept.set(selector, { until: now + KEPT_MS, extent });
  extent.catch(() => kept.delete(selector));
  return extent;
}

// The begin of the store's oldest bucket; undefined where it is empty.
export function oldestOf(stats: StoreStatsResponse): number | undefined {
  const begins = stats.sites
    .flatMap((site) => site.levels)
    .map((level) => milliseconds(level.oldest))
    .filter((time) => time !== undefined);
  return begins.length > 0 ? Math.min(...begins) : undefined;
}

async function findExtent(selector: string, now: number): Promise<Extent | null> {
  const oldest = oldestOf(await admin.storeStats({}));
  if (oldest === undefined) return null;
  const end = Math.max(oldest, floorMinute(now)) + MINUTE;
  const points = await pointsWithSamples(selector, { from: oldest, to: end });
  if (points.length === 0) return null;
  const [first, last] = await Promise.all([
    closer(selector, points[0], (found) => found[0]),
    closer(selector, points.at(-1)!, (found) => found.at(-1)),
  ]);
  return { from: first.from, to: last.to };
}

// The shortest point that the store tells apart at one end of this one.
async function closer(
  selector: string,
  point: Extent,
  end: (points: Extent[]) => Extent | undefined,
): Promise<Extent> {
  let found = point;
  for (let look = 1; look < LOOKS && found.to - found.from > MINUTE; ++look) {
    const next = end(await pointsWithSamples(selector, found));
    if (!next || next.to - next.from >= found.to - found.from) break;
    found = next;
  }
  return found;
}

async function pointsWithSamples(selector: string, range: Extent): Promise<Extent[]> {
  const { edges, groups } = await queries.series({
    selection: selection(selector, range),
    maxPoints: POINTS,
  });
  const times = edges.map((edge) => milliseconds(edge)!);
  return (groups[0]?.observations ?? []).flatMap((count, i) =>
    count > 0n ? [{ from: times[i], to: times[i + 1] }] : [],
  );
}
