// The days that a calendar shows around the range of a question.
import { DAY } from '@/format/times';
import type { Range } from '@/state/question';

const MAX_DAYS = 4_000; // of one answer
const YEAR_DAYS = 366;
export const HOUR_WEEKS = 8;

export interface Period extends Range {
  month: string; // "2026-11"; empty: the last weeks
}

function dayOf(time: number): number {
  return Math.floor(time / DAY) * DAY;
}

function shiftedByYears(day: number, years: number): number {
  const date = new Date(day);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

// Whole days: the year that ends with the range's last day, or the range where that is longer;
// moved by some years.
export function heatWindow(range: Range, years: number): Range {
  const end = dayOf(range.to - 1) + DAY;
  const from = Math.min(dayOf(range.from), shiftedByYears(end, -1));
  const to = shiftedByYears(end, years);
  return { from: Math.max(shiftedByYears(from, years), to - MAX_DAYS * DAY), to };
}

// What one calendar shows: all, or where that is more than a year its calendar years.
export function calendarYears({ from, to }: Range): Range[] {
  if (to - from <= YEAR_DAYS * DAY) return [{ from, to }];
  const years: Range[] = [];
  for (let begin = from; begin < to; ) {
    const end = Math.min(to, Date.UTC(new Date(begin).getUTCFullYear() + 1, 0, 1));
    years.push({ from: begin, to: end });
    begin = end;
  }
  return years;
}

// What a map of hours can show: the last weeks, and each month, the latest first.
export function hourPeriods({ from, to }: Range): Period[] {
  const weeks = { from: Math.max(from, to - HOUR_WEEKS * 7 * DAY), to, month: '' };
  const periods: Period[] = [weeks];
  for (let end = to; end > from; ) {
    const last = new Date(end - DAY);
    const begin = Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), 1);
    periods.push({ from: Math.max(from, begin), to: end, month: last.toISOString().slice(0, 7) });
    end = begin;
  }
  return periods;
}
