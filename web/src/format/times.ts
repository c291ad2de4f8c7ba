// Times as people read them, always UTC.
import type { Range } from '@/state/question';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const YEAR = 365 * DAY;

export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// "2026-11-20"
export function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

// "13:05"
export function clockText(time: number): string {
  return new Date(time).toISOString().slice(11, 16);
}

// "2026-11-20 13:05"
export function timeText(time: number): string {
  return `${dateText(time)} ${clockText(time)}`;
}

// "2026-11-20 13:05 – 14:00", "2026-11-20 – 2026-11-22": the day that ends at midnight is not named
// again, whole days have no clock.
export function rangeText({ from, to }: Range): string {
  if (from < to && from % DAY === 0 && to % DAY === 0) {
    return to - from === DAY ? dateText(from) : `${dateText(from)} – ${dateText(to - DAY)}`;
  }
  if (dateText(from) === dateText(to)) return `${timeText(from)} – ${clockText(to)}`;
  if (to % DAY === 0 && dateText(from) === dateText(to - DAY)) return `${timeText(from)} – 24:00`;
  return `${timeText(from)} – ${timeText(to)}`;
}

// Labels of an axis at these times: each says what is new about it (the clock, at midnight the day,
// in January the year), and the first one the day, too.
export function axisTexts(times: readonly number[]): string[] {
  return times.map((time, i) => {
    const date = new Date(time);
    const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`;
    const firstOfMonth = date.getUTCDate() === 1 && time % DAY === 0;
    if (times.every(isMonth)) {
      const year = String(date.getUTCFullYear());
      if (date.getUTCMonth() === 0) return year;
      return i === 0 ? `${MONTHS[date.getUTCMonth()]} ${year}` : MONTHS[date.getUTCMonth()];
    }
    if (firstOfMonth && date.getUTCMonth() === 0) return `Jan 1, ${date.getUTCFullYear()}`;
    if (time % DAY === 0) return day;
    return i === 0 ? `${day}, ${clockText(time)}` : clockText(time);
  });
}

function isMonth(time: number): boolean {
  return time % DAY === 0 && new Date(time).getUTCDate() === 1;
}
