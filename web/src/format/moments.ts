// Moments to the second, and how long something lasts. Times are UTC.
import { DAY, HOUR, MINUTE, SECOND, YEAR } from './times';

const UNITS: [size: number, name: string][] = [
  [YEAR, 'y'],
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
  [SECOND, 's'],
];

// The two largest units: "1 min 40 s", "3 h", "2 d 4 h".
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds)) * SECOND;
  const first = UNITS.findIndex(([size]) => rest >= size);
  if (first < 0) return '0 s';
  const parts: string[] = [];
  for (const [size, name] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

export function ago(time: number, now: number): string {
  return `${duration((now - time) / SECOND)} ago`;
}

// "2026-11-20 13:05:07 UTC"
export function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
