import { createHash } from 'node:crypto';
import type { Calendar } from '../rules/calendar.ts';
import { gapsOf, residualOf } from './adjustment.ts';
import { agedSeverity, ageOf, dueOf, escalationOf, gravest } from './ageing.ts';
import type { Break, Standing } from './break.ts';
import { leadsTo } from './break-states.ts';
import { type Judged, Walk } from './break-walk.ts';
import type { Found } from './classify.ts';

/** What a comparison says of a break: what it found, or that it found nothing where it looked. */
export interface Compared {
  readonly run: string;
  readonly cycle: string;
  readonly found: Found | undefined;
}

export interface Measures {
  /** Of the statutory working days. */
  readonly calendar: Calendar;
  readonly escalationFen: bigint;
  readonly at: Date;
}

/** SHA-256, hex, of what was found: as long as it is the same, so is what a proposal or a booking was about. */
export function findingDigest(found: Found): string {
  const { breakId, code, codes, outcome, deltaFen, valueFen, businessDate, fields } = found;
  const told = [
    breakId,
    code,
    codes,
    outcome,
    deltaFen === null ? null : String(deltaFen),
    String(valueFen),
    businessDate,
    fields.map(({ field, code, book, journal }) => [field, code, book, journal]),
  ];
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}

/** A finding that was not known: a new break. Its age counts from the business day compared. */
export function detected(found: Found, { run, cycle }: Compared, measures: Measures): Judged {
  const gaps = gapsOf(found);
  const due = dueOf(cycle, found.severity, measures.calendar);
  const made: Break = {
    id: found.breakId,
    cycle,
    ...told(found, cycle, run),
    dealId: found.dealId,
    code: found.code,
    side: found.side,
    home: found.home,
    host: found.host,
    severity: found.severity,
    state: 'detected',
    version: 1,
    firstSeen: cycle,
    due,
    escalation: escalationOf({ amountFen: largest(gaps), severity: found.severity, age: 0 }, measures.escalationFen),
    assignee: null,
    proposal: null,
    maker: null,
    proposalSha256: null,
    checker: null,
    coveredSha256: null,
    closedAs: null,
    changedAt: measures.at,
  };
  const walk = new Walk(made, undefined, [{ act: 'detect', from: 'none', to: 'detected', version: 1 }]);
  walk.go(found.outcome === 'in-flight' ? 'expect' : 'open');
  return walk.end();
}

/** What a comparison makes of a break that is known; it settles nothing that people have to settle. */
export function judge(
  before: Break,
  booked: Standing | undefined,
  { run, cycle, found }: Compared,
  measures: Measures,
): Judged {
  const isChanged =
    found === undefined ? before.isFound : !before.isFound || findingDigest(found) !== before.findingSha256;
  const now: Break = {
    ...before,
    ...(found === undefined
      ? { lastCycle: cycle, isFound: false, deltaFen: null, homeGapFen: 0n, hostGapFen: 0n }
      : { ...told(found, cycle, run), ...moreUrgent(before, found, measures) }),
    changedAt: measures.at,
  };
  const isLater = before.lastCycle !== cycle || now.severity !== before.severity;
  const isResolved = isSettled(now, booked);
  const walk = new Walk(now, booked);
  switch (before.state) {
    case 'posted':
      walk.go(isResolved ? 'verify' : 'relapse');
      break;
    case 'verified':
    case 'written-off':
      if (!isResolved) walk.go('relapse');
      break;
    case 'closed':
      if (!isResolved) walk.go('relapse');
      else if (isChanged || isLater) walk.go('update');
      break;
    case 'returned':
      if (booked !== undefined && isResolved) walk.go('verify');
      break;
    case 'suspended':
      if (isChanged && booked !== undefined && booked.entries.length > 0) walk.go('relapse');
      break;
    case 'expected':
      if (found?.outcome === 'break') walk.go('open');
      break;
    default:
  }
  if (walk.isStill && found === undefined && isResolved && leadsTo('clear', before.state, 'engine').length > 0) {
    walk.go('clear');
  }
  // What was proposed was about something else.
  if (walk.isStill && isChanged && (before.state === 'proposed' || before.state === 'approved')) walk.go('return');
  if (walk.isStill && (isChanged || isLater)) walk.go('update');
  if (walk.state === 'verified' || walk.state === 'written-off') walk.go('close');
  return walk.end();
}

/** A posted or written-off break, held against what was last found; of the others nothing. */
export function comparedAgain(before: Break, booked: Standing | undefined, { at }: Pick<Measures, 'at'>): Judged {
  const walk = new Walk({ ...before, changedAt: at }, booked);
  const isResolved = isSettled(before, booked);
  if (before.state === 'posted') walk.go(isResolved ? 'verify' : 'relapse');
  else if (before.state === 'written-off' && !isResolved) walk.go('relapse');
  if (walk.state === 'verified' || walk.state === 'written-off') walk.go('close');
  return walk.end();
}

/** Whether the books and what was booked come to zero, and what else differed is what the booking was about. */
export function isSettled(stands: Break, booked: Standing | undefined): boolean {
  const entries = booked?.entries ?? [];
  const left = residualOf({ homeFen: stands.homeGapFen, hostFen: stands.hostGapFen }, entries, stands);
  if (left.homeFen !== 0n || left.hostFen !== 0n || entries.some(({ account }) => account.startsWith('suspense/'))) {
    return false;
  }
  return !stands.isFound || stands.coveredSha256 === stands.findingSha256;
}

function told(found: Found, cycle: string, run: string) {
  const { homeFen, hostFen } = gapsOf(found);
  const { codes, deltaFen, valueFen, businessDate, blame } = found;
  return {
    run,
    lastCycle: cycle,
    codes,
    deltaFen,
    valueFen,
    homeGapFen: homeFen,
    hostGapFen: hostFen,
    businessDate,
    blame,
    isFound: true,
    findingSha256: findingDigest(found),
  };
}

function moreUrgent(before: Break, found: Found, { calendar, escalationFen }: Measures) {
  const severity = gravest(before.severity, found.severity);
  const due = dueOf(before.firstSeen, severity, calendar);
  const byAmount = escalationOf({ amountFen: largest(gapsOf(found)), severity, age: 0 }, escalationFen);
  return {
    severity,
    due: due < before.due ? due : before.due,
    escalation: byAmount > before.escalation ? byAmount : before.escalation,
  };
}

/** What age makes of a live break at the end of a business day; no steps: nothing. */
export function aged(before: Break, date: string, { calendar, escalationFen, at }: Measures): Judged {
  const age = ageOf(before.firstSeen, date, calendar);
  const severity = agedSeverity(before.code, before.severity, age);
  const amountFen = largest({ homeFen: before.homeGapFen, hostFen: before.hostGapFen });
  const level = escalationOf({ amountFen, severity, age }, escalationFen);
  const due = dueOf(before.firstSeen, severity, calendar);
  const after: Break = {
    ...before,
    severity,
    due: due < before.due ? due : before.due,
    escalation: level > before.escalation ? level : before.escalation,
    changedAt: at,
  };
  const isMore =
    after.severity !== before.severity || after.due !== before.due || after.escalation !== before.escalation;
  // What was on the way for a whole working day is not on the way any more.
  const isOverdue = before.state === 'expected' && age >= 1;
  const walk = new Walk(after, undefined);
  if (isOverdue) walk.go('open');
  if (isMore) walk.go('escalate');
  return walk.end();
}

function largest({ homeFen, hostFen }: { readonly homeFen: bigint; readonly hostFen: bigint }): bigint {
  const [home, host] = [homeFen < 0n ? -homeFen : homeFen, hostFen < 0n ? -hostFen : hostFen];
  return home > host ? home : host;
}
