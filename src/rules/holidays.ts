import chineseDays from 'chinese-days';

/** One covered year: the days off and the weekend days worked, as day numbers. */
export interface HolidayYear {
  readonly year: number;
  readonly rest: ReadonlySet<number>;
  readonly work: ReadonlySet<number>;
}

/** The library goes back to 2004; compared with the State Council's notices it was from 2024 on. */
const FIRST_YEAR = 2024;
const LAST_YEAR = 2099;

/** Holidays every year has on a fixed date. */
const FIXED: readonly (readonly [string, string])[] = [
  ['01-01', '元旦'],
  ['05-01', '劳动节'],
  ['10-01', '国庆'],
];

/**
 * The years for which chinese-days has data, read from the data itself.
 *
 * Asked about a year it does not know, the library answers as if that year had no holidays at all. A year counts as
 * covered only where it names 元旦, 劳动节 and 国庆 on their dates.
 */
export function createLibraryYears(): readonly HolidayYear[] {
  const years: HolidayYear[] = [];
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++) {
    if (FIXED.every(([day, name]) => ask(`${year}-${day}`).name.includes(name))) years.push(readYear(year));
  }
  return years;
}

function readYear(year: number): HolidayYear {
  const rest = new Set<number>();
  const work = new Set<number>();
  const end = Date.UTC(year + 1, 0, 1) / 86_400_000;
  for (let day = Date.UTC(year, 0, 1) / 86_400_000; day < end; day++) {
    const weekday = (day + 4) % 7;
    const isWeekend = weekday === 0 || weekday === 6;
    const isWorked = ask(dateOfDay(day)).work;
    if (isWeekend && isWorked) work.add(day);
    if (!isWeekend && !isWorked) rest.add(day);
  }
  return { year, rest, work };
}

/**
 * The library reads a date text as UTC and then looks at it in the machine's own zone: west of Greenwich it answers
 * for the day before. Noon of the machine's own day is the same day everywhere.
 */
function ask(date: string): { readonly work: boolean; readonly name: string } {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const detail = chineseDays.getDayDetail(new Date(year, month - 1, day, 12));
  if (detail.date !== date) throw new Error(`chinese-days answered for ${detail.date} when asked about ${date}`);
  return detail;
}

/** The date of a day number (days since 1970-01-01). */
export function dateOfDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
