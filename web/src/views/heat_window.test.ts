import { describe, expect, it } from 'vitest';

import { DAY } from '@/format/times';

import { calendarYears, heatWindow, hourPeriods } from './heat_window';

const day = (text: string) => Date.parse(`${text}T00:00Z`);
const shown = ({ from, to }: { from: number; to: number }) =>
  [from, to].map((time) => new Date(time).toISOString().slice(0, 10)).join(' ');

describe('the window of a calendar', () => {
  const hour = { from: Date.parse('2026-11-30T13:00Z'), to: Date.parse('2026-11-30T14:00Z') };

  it('is the year that ends with the last day of the range', () => {
    expect(shown(heatWindow(hour, 0))).toBe('2025-12-01 2026-12-01');
    expect(shown(heatWindow({ from: hour.from, to: day('2026-12-01') }, 0))).toBe('2025-12-01 2026-12-01');
  });

  it('moves by years, leap years among them', () => {
    expect(shown(heatWindow(hour, -1))).toBe('2024-12-01 2025-12-01');
    expect(shown(heatWindow(hour, 2))).toBe('2027-12-01 2028-12-01');
    const leap = { from: day('2024-02-28'), to: day('2024-02-29') };
    expect(shown(heatWindow(leap, 0))).toBe('2023-03-01 2024-02-29');
    expect(shown(heatWindow(leap, -1))).toBe('2022-03-01 2023-03-01');
  });

  it('is the range where that is longer, up to what an answer holds', () => {
    expect(shown(heatWindow({ from: day('2024-01-02') + 5, to: hour.to }, 0))).toBe('2024-01-02 2026-12-01');
    const { from, to } = heatWindow({ from: day('1970-01-01'), to: hour.to }, 0);
    expect((to - from) / DAY).toBe(4000);
  });
});

describe('the calendars of a window', () => {
  it('are one for a year', () => {
    expect(calendarYears({ from: day('2025-12-01'), to: day('2026-12-01') }).map(shown)).toEqual([
      '2025-12-01 2026-12-01',
    ]);
  });

  it('are one for each year of a longer one', () => {
    expect(calendarYears({ from: day('2024-06-01'), to: day('2026-02-01') }).map(shown)).toEqual([
      '2024-06-01 2025-01-01',
      '2025-01-01 2026-01-01',
      '2026-01-01 2026-02-01',
    ]);
  });
});

describe('the periods of a map of hours', () => {
  it('are the last weeks and the months, the latest first', () => {
    const periods = hourPeriods({ from: day('2026-09-15'), to: day('2026-12-01') });
    expect(periods.map((period) => `${period.month}: ${shown(period)}`)).toEqual([
      ': 2026-10-06 2026-12-01',
      '2026-11: 2026-11-01 2026-12-01',
      '2026-10: 2026-10-01 2026-11-01',
      '2026-09: 2026-09-15 2026-10-01',
    ]);
  });
});
