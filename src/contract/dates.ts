/**
 * Business dates are plain strings `2026-03-02`; instants are RFC 3339 with +08:00 (Asia/Shanghai has had no
 * summer time since 1992). No Date object ever stands for a business day.
 */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,3})?\+08:00$/;
const DAY_MS = 86_400_000;
const SHANGHAI_MS = 8 * 3_600_000;

/** True when `text` is a date that exists, from 1900 to 2199. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= daysInMonth(year, month);
}

/** True when `text` is an RFC 3339 instant at +08:00 on a date that exists. */
export function isInstant(text: string): boolean {
  const match = INSTANT.exec(text);
  return match !== null && isDate(match[1]!);
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Days since 1970-01-01 of a checked date. */
export function dayNumber(date: string): number {
  return Math.round(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

/** The date `days` after a checked date (negative: before). */
export function addDays(date: string, days: number): string {
  return new Date((dayNumber(date) + days) * DAY_MS).toISOString().slice(0, 10);
}

/** Whole days from `from` to `to`. */
export function daysBetween(from: string, to: string): number {
  return dayNumber(to) - dayNumber(from);
}

/** Milliseconds since 1970 of a checked instant. */
export function instantMs(instant: string): number {
  return Date.parse(instant);
}

/** The instant at +08:00, with milliseconds only where there are any. */
export function instantAt(ms: number): string {
  const text = new Date(ms + SHANGHAI_MS).toISOString();
  return `${text.endsWith('.000Z') ? text.slice(0, 19) : text.slice(0, 23)}+08:00`;
}

/** The business date in Asia/Shanghai at that moment. */
export function dateAt(ms: number): string {
  return new Date(ms + SHANGHAI_MS).toISOString().slice(0, 10);
}
