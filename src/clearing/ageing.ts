import { addDays, dayNumber, daysBetween } from '../contract/dates.ts';
import { type Calendar, workingDayAt, workingDaysBetween } from '../rules/calendar.ts';
import type { BreakCode, Severity } from './codes.ts';

/** Working days in which a break of that severity is to be settled: figures of this project, to be agreed. */
export const DAYS_ALLOWED: Readonly<Record<Severity, number>> = { S1: 1, S2: 2, S3: 5, S4: 10 };

/**
 * Working days since it was first seen, on that business day. A year that the calendar does not cover counts every day:
 * what is not known makes nothing younger.
 */
export function ageOf(firstSeen: string, date: string, calendar: Calendar): number {
  if (date <= firstSeen) return 0;
  return workingDaysBetween(calendar, firstSeen, date) ?? daysBetween(firstSeen, date);
}

/** The last day on which it is still in time. */
export function dueOf(firstSeen: string, severity: Severity, calendar: Calendar): string {
  const days = DAYS_ALLOWED[severity];
  const day = dayNumber(firstSeen) + 1;
  return workingDayAt(calendar, day, days - 1, firstSeen) ?? addDays(firstSeen, days);
}

/** The gravity after so many working days: another business date clears at T+1, and is S2 from T+2 on (clearing.md §3). */
export function agedSeverity(code: BreakCode, severity: Severity, age: number): Severity {
  return code === 'DAT' && age >= 2 ? gravest(severity, 'S2') : severity;
}

/** S1 is the gravest. */
export function gravest(one: Severity, other: Severity): Severity {
  return one < other ? one : other;
}

/** Who must know: 0 the desk, 1 the supervisor, 2 the exchanges. */
export type Escalation = 0 | 1 | 2;

/** By amount or by age, whichever says more; beyond ten times the amount or twice the time it is the exchanges' matter. */
export function escalationOf(
  { amountFen, severity, age }: { readonly amountFen: bigint; readonly severity: Severity; readonly age: number },
  fromFen: bigint,
): Escalation {
  const allowed = DAYS_ALLOWED[severity];
  if (amountFen >= fromFen * 10n || age > allowed * 2) return 2;
  return amountFen >= fromFen || age > allowed ? 1 : 0;
}
