import { addDays, dayNumber } from '../contract/dates.ts';
import { type Calendar, coversDate, workingDayAt, workingDayFrom } from './calendar.ts';

/** A length of time as rules state it. */
export interface Period {
  readonly count: number;
  readonly unit: 'working-day' | 'calendar-day' | 'month' | 'year';
}

export type StartDay = 'excluded' | 'included';

/**
 * The last day of a period that begins with `startsOn`, or undefined where the calendar does not reach (fail closed).
 *
 * 民法典 201: the day on which a period begins does not count, unless agreed otherwise (`included`, 204).
 * 202: months and years end on the corresponding day, or the last day of a month that has none.
 * 203: a last day that is a day of rest rolls forward to the next working day. Working days need no rolling.
 */
export function periodEnd(
  calendar: Calendar,
  startsOn: string,
  period: Period,
  startDay: StartDay = 'excluded',
): string | undefined {
  if (!coversDate(calendar, startsOn)) return undefined;
  if (period.unit === 'working-day') {
    const firstCounted = dayNumber(startsOn) + (startDay === 'excluded' ? 1 : 0);
    return workingDayAt(calendar, firstCounted, period.count - 1, startsOn);
  }
  const raw = rawEnd(startsOn, period);
  return workingDayFrom(calendar, startDay === 'excluded' ? raw : addDays(raw, -1));
}

function rawEnd(startsOn: string, period: Period): string {
  if (period.unit === 'calendar-day') return addDays(startsOn, period.count);
  const months = period.unit === 'month' ? period.count : 12 * period.count;
  const [year, month, day] = startsOn.split('-').map(Number) as [number, number, number];
  const index = year * 12 + (month - 1) + months;
  const [endYear, endMonth] = [Math.floor(index / 12), (index % 12) + 1];
  const lastDay = new Date(Date.UTC(endYear, endMonth, 0)).getUTCDate();
  return `${endYear}-${String(endMonth).padStart(2, '0')}-${String(Math.min(day, lastDay)).padStart(2, '0')}`;
}
