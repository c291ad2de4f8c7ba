// Times of an address that are relative to now, as the command line and /render take them. The page
// keeps fixed ones only.
import { formatTime, parseTime } from './question';

const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

// "now" and "now-24h". Undefined where it is no such time.
export function relativeTime(text: string, now: number): number | undefined {
  const match = /^now(?:-(\d+)([smhdw]))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, count = '0', unit = 's'] = match as unknown as [string, string?, string?];
  return now - Number(count) * MS[unit as keyof typeof MS];
}

const TIMES = ['from', 'to', 'baseline_from', 'baseline_to'];

// `search` with fixed times, and those of its times that can not be read.
export function withFixedTimes(search: string, now: number): { search: string; unread: string[] } {
  const params = new URLSearchParams(search);
  const unread: string[] = [];
  for (const name of TIMES) {
    const text = params.get(name);
    if (text === null) continue;
    const time = relativeTime(text, now);
    if (time !== undefined) params.set(name, formatTime(time));
    else if (parseTime(text) === undefined) unread.push(text);
  }
  return { search: `?${params.toString()}`, unread };
}
