import { dayNumber } from '../contract/dates.ts';
import { createLibraryYears, dateOfDay, type HolidayYear } from './holidays.ts';

/**
 * statutory: working days of the State Council, make-up weekends among them.
 * securities: trading days, Monday to Friday without the holidays; make-up weekends are no trading days.
 */
export type CalendarName = 'statutory' | 'securities';

/** A year's holiday arrangement as the State Council announced it; replaces what the library says of that year. */
export interface HolidayNotice {
  readonly year: number;
  /** Where it is announced, e.g. 国办发明电〔2025〕7号. */
  readonly source: string;
  /** Days off, weekends need not be listed. */
  readonly rest: readonly string[];
  /** Weekend days worked (调休上班). */
  readonly work: readonly string[];
}

/** Working days of all covered years, precomputed; nothing is ever said about a year that is not covered. */
export interface Calendar {
  readonly name: CalendarName;
  /** Day number (days since 1970-01-01) of the first entry of `before`. */
  readonly first: number;
  /** How many working days lie before each day; one entry more than there are days. */
  readonly before: Int32Array;
  /** All working days, ascending. */
  readonly workdays: readonly string[];
  readonly years: ReadonlySet<number>;
}

export interface Calendars {
  readonly statutory: Calendar;
  readonly securities: Calendar;
}

/**
 * Both calendars, over the years for which the holiday library really has data and the years of `notices`.
 *
 * A year that neither covers stays uncovered: every question about it is answered with undefined.
 */
export function createCalendars(notices: readonly HolidayNotice[] = []): Calendars {
  const years = new Map(createLibraryYears().map((year) => [year.year, year]));
  for (const { year, rest, work } of notices) {
    years.set(year, { year, rest: new Set(rest.map(dayNumber)), work: new Set(work.map(dayNumber)) });
  }
  return { statutory: buildCalendar('statutory', years), securities: buildCalendar('securities', years) };
}

function buildCalendar(name: CalendarName, years: ReadonlyMap<number, HolidayYear>): Calendar {
  const from = Math.min(...years.keys());
  const to = Math.max(...years.keys());
  const first = dayNumber(`${from}-01-01`);
  const days = dayNumber(`${to + 1}-01-01`) - first;
  const before = new Int32Array(days + 1);
  const workdays: string[] = [];
  for (let year = from; year <= to; year++) {
    const covered = years.get(year);
    const end = dayNumber(`${year + 1}-01-01`);
    for (let day = dayNumber(`${year}-01-01`); day < end; day++) {
      before[day - first] = workdays.length;
      if (covered !== undefined && isWorked(name, covered, day)) workdays.push(dateOfDay(day));
    }
  }
  before[days] = workdays.length;
  return { name, first, before, workdays, years: new Set(years.keys()) };
}

function isWorked(name: CalendarName, year: HolidayYear, day: number): boolean {
  // 1970-01-01 was a Thursday.
  const weekday = (((day + 4) % 7) + 7) % 7;
  if (weekday === 0 || weekday === 6) return name === 'statutory' && year.work.has(day);
  return !year.rest.has(day);
}

export function coversDate(calendar: Calendar, date: string): boolean {
  return calendar.years.has(Number(date.slice(0, 4)));
}

/** Whether that is a working day; undefined where the year is not covered. */
export function isWorkingDay(calendar: Calendar, date: string): boolean | undefined {
  if (!coversDate(calendar, date)) return undefined;
  const i = dayNumber(date) - calendar.first;
  return calendar.before[i + 1]! > calendar.before[i]!;
}

/** That day if it is a working day, otherwise the next; undefined where the calendar does not reach. */
export function workingDayFrom(calendar: Calendar, date: string): string | undefined {
  return coversDate(calendar, date) ? workingDayAt(calendar, dayNumber(date), 0, date) : undefined;
}

/**
 * The working day `count` places after the first one on or after `day` (a day number in a covered year).
 * Undefined when an uncovered year lies between `since` and it: the days counted there would be invented.
 */
export function workingDayAt(calendar: Calendar, day: number, count: number, since: string): string | undefined {
  const before = calendar.before[day - calendar.first];
  const date = before === undefined ? undefined : calendar.workdays[before + count];
  if (date === undefined) return undefined;
  for (let year = Number(since.slice(0, 4)) + 1; year <= Number(date.slice(0, 4)); year++) {
    if (!calendar.years.has(year)) return undefined;
  }
  return date;
}

/** Working days after `from` up to and including `to`; undefined where a year between is not covered. */
export function workingDaysBetween(calendar: Calendar, from: string, to: string): number | undefined {
  for (let year = Number(from.slice(0, 4)); year <= Number(to.slice(0, 4)); year++) {
    if (!calendar.years.has(year)) return undefined;
  }
  const { before, first } = calendar;
  return before[dayNumber(to) - first + 1]! - before[dayNumber(from) - first + 1]!;
}

/** The last day of the unbroken run of covered years that `date` lies in; undefined outside coverage. */
export function coveredThrough(calendar: Calendar, date: string): string | undefined {
  let year = Number(date.slice(0, 4));
  if (!calendar.years.has(year)) return undefined;
  while (calendar.years.has(year + 1)) year++;
  return `${year}-12-31`;
}

/** The calendars of the holiday library as it is installed; never changed. */
export const libraryCalendars: Calendars = createCalendars();
