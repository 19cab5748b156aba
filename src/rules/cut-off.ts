import { addDays, instantMs } from '../contract/dates.ts';
import { type Calendars, isWorkingDay, libraryCalendars, workingDayFrom } from './calendar.ts';
import { valueOn } from './clause.ts';
import type { Rulebook } from './rulebook.ts';

/**
 * The business day an event at `instant` (+08:00) belongs to at an exchange: what comes after the cut-off, or on a day
 * of rest, belongs to the next business day; the moment of the cut-off itself is still in time.
 * Undefined where the calendar does not reach, or the rulebook has no cut-off on that day.
 */
export function businessDateAt(
  instant: string,
  rulebook: Rulebook,
  calendars: Calendars = libraryCalendars,
): string | undefined {
  const date = instant.slice(0, 10);
  const cutOff = valueOn(rulebook.rules, 'cut-off', date);
  const calendar = valueOn(rulebook.rules, 'calendar', date);
  if (cutOff === undefined || calendar === undefined) return undefined;
  const isLate = instantMs(instant) > instantMs(`${date}T${cutOff.clause.value}:00+08:00`);
  return workingDayFrom(calendars[calendar.clause.value], isLate ? addDays(date, 1) : date);
}

/** `17:00`, until when events belong to that day, on a business day of the exchange; null: it has no business then. Undefined where the calendar does not reach, or there is no such clause. */
export function cutOffOn(
  date: string,
  rulebook: Rulebook,
  calendars: Calendars = libraryCalendars,
): string | null | undefined {
  const cutOff = valueOn(rulebook.rules, 'cut-off', date);
  const calendar = valueOn(rulebook.rules, 'calendar', date);
  if (cutOff === undefined || calendar === undefined) return undefined;
  const works = isWorkingDay(calendars[calendar.clause.value], date);
  return works === undefined ? undefined : works ? cutOff.clause.value : null;
}
