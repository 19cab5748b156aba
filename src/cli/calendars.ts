import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { type Calendars, createCalendars, libraryCalendars } from '../rules/calendar.ts';
import { readNotices } from '../rules/holiday-notices.ts';
import { Surroundings } from './terminal.ts';

/** The business calendars, with the years that QIAO_CALENDAR adds or replaces. */
export function calendarsFor({ calendarFile: file }: Pick<Config, 'calendarFile'>): Calendars {
  if (file === undefined) return libraryCalendars;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Surroundings(
      `QIAO_CALENDAR 所指文件无法读取，或不是 JSON：${file}`,
      `QIAO_CALENDAR names a file that cannot be read or is no JSON: ${file}`,
      error,
    );
  }
  const notices = readNotices(json);
  if (notices.ok) return createCalendars(notices.value);
  const shown = notices.refusals.slice(0, 5);
  throw new Surroundings(
    `QIAO_CALENDAR 所指文件不合规定（${file}）：${shown.map(({ pointer, zh }) => `${pointer} ${zh}`).join('；')}`,
    `the file that QIAO_CALENDAR names is not in order (${file}): ${shown.map(({ pointer, en }) => `${pointer} ${en}`).join('; ')}`,
  );
}
