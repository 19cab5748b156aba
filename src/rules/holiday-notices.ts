import { isDate } from '../contract/dates.ts';
import { isObject, type Json } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import type { HolidayNotice } from './calendar.ts';

/** Years a notice may be about, and days it may list: more is a mistake, not an arrangement. */
const YEARS = { from: 2000, to: 2100 } as const;
const DAYS = 200;
const NOTICES = 100;
const KEYS = ['year', 'source', 'rest', 'work'];

/**
 * A list of holiday arrangements as an operator writes it: `[{ year, source, rest: [dates], work: [dates] }]`, every
 * date real and in its year, worked days on weekends, no year twice. Gives every reason why not.
 */
export function readNotices(json: unknown): Checked<readonly HolidayNotice[]> {
  if (!Array.isArray(json)) return refused(refuse('wrong-type', ''));
  if (json.length > NOTICES) return refused(refuse('too-large', ''));
  const found = json.flatMap((one: Json, i) => faultsOf(one, `/${i}`));
  const years = json.map((one: Json) => (isObject(one) ? one.year : undefined));
  years.forEach((year, i) => {
    if (year !== undefined && years.indexOf(year) < i) found.push(refuse('inconsistent', `/${i}/year`, String(year)));
  });
  return found.length > 0 ? refused(...found) : accepted(json as unknown as readonly HolidayNotice[]);
}

function faultsOf(notice: Json, at: string): readonly Refusal[] {
  if (!isObject(notice)) return [refuse('wrong-type', at)];
  const { year, source, rest, work } = notice;
  const found = Object.keys(notice)
    .filter((key) => !KEYS.includes(key))
    .map((key) => refuse('unknown-field', `${at}/${key.slice(0, 64)}`));
  for (const key of KEYS) if (notice[key] === undefined) found.push(refuse('missing-field', `${at}/${key}`));
  if (year !== undefined && !(Number.isInteger(year) && Number(year) >= YEARS.from && Number(year) <= YEARS.to)) {
    found.push(refuse('bad-number', `${at}/year`));
  }
  if (source !== undefined && (typeof source !== 'string' || source.trim() === '')) {
    found.push(refuse('wrong-type', `${at}/source`));
  }
  return [...found, ...daysAmiss(rest, year, `${at}/rest`, false), ...daysAmiss(work, year, `${at}/work`, true)];
}

function daysAmiss(
  days: Json | undefined,
  year: Json | undefined,
  at: string,
  onWeekends: boolean,
): readonly Refusal[] {
  if (days === undefined) return [];
  if (!Array.isArray(days)) return [refuse('wrong-type', at)];
  if (days.length > DAYS) return [refuse('too-large', at)];
  return days.flatMap((day, i) => {
    if (typeof day !== 'string' || !isDate(day)) return [refuse('bad-date', `${at}/${i}`)];
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    const isAmiss = Number(day.slice(0, 4)) !== year || (onWeekends && weekday !== 0 && weekday !== 6);
    return isAmiss ? [refuse('inconsistent', `${at}/${i}`, day)] : [];
  });
}
