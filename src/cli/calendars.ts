import type { Config } from '../config.ts';
import { parseJson } from '../contract/json.ts';
import { type Calendars, createCalendars, libraryCalendars } from '../rules/calendar.ts';
import { readNotices } from '../rules/holiday-notices.ts';
import { settingFile } from './setting-file.ts';

/** The business calendars, with the years that QIAO_CALENDAR adds or replaces. */
export function calendarsFor({ calendarFile: file }: Pick<Config, 'calendarFile'>): Calendars {
  if (file === undefined) return libraryCalendars;
  const notices = settingFile('QIAO_CALENDAR', file, (bytes) => {
    const json = parseJson(bytes);
    return json.ok ? readNotices(json.value) : json;
  });
  return createCalendars(notices);
}
