import { createRequire } from 'node:module';
import { dayNumber } from '../contract/dates.ts';

/** One covered year: the days off and the weekend days worked, as day numbers (days since 1970-01-01). */
export interface HolidayYear {
  readonly year: number;
  readonly rest: ReadonlySet<number>;
  readonly work: ReadonlySet<number>;
}

/** Date → name of the holiday it belongs to, `New Year's Day,元旦,1`. */
interface HolidayTable {
  readonly holidays: Readonly<Record<string, string>>;
  readonly workdays: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);

/**
 * The library's table and not its functions: those go by the machine's own time zone (west of Greenwich every answer is
 * a day off), and answer about a year they have no data for as if it had no holidays.
 */
const table = require('chinese-days/dist/chinese-days.json') as HolidayTable;

/** The library goes back to 2004; compared with the State Council's notices it was from 2024 on. */
const FIRST_YEAR = 2024;

/** Holidays every year has on a fixed date. */
const FIXED: readonly (readonly [string, string])[] = [
  ['01-01', '元旦'],
  ['05-01', '劳动节'],
  ['10-01', '国庆'],
];

/**
 * The years for which chinese-days has data, read from the data itself: a year counts as covered only where 元旦,
 * 劳动节 and 国庆 stand on their dates, so that a year half entered is not taken for a whole one.
 */
export function createLibraryYears(): readonly HolidayYear[] {
  const named = new Set(Object.keys(table.holidays).map((date) => Number(date.slice(0, 4))));
  return [...named]
    .filter((year) => year >= FIRST_YEAR)
    .filter((year) => FIXED.every(([day, name]) => table.holidays[`${year}-${day}`]?.includes(name)))
    .sort((a, b) => a - b)
    .map((year) => ({ year, rest: daysOf(year, table.holidays), work: daysOf(year, table.workdays) }));
}

function daysOf(year: number, dates: Readonly<Record<string, string>>): ReadonlySet<number> {
  return new Set(
    Object.keys(dates)
      .filter((date) => date.startsWith(`${year}-`))
      .map(dayNumber),
  );
}

/** The date of a day number. */
export function dateOfDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
