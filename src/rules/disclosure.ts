import { daysBetween } from '../contract/dates.ts';
import type { Listing } from '../contract/message.ts';
import { coveredThrough, coversDate } from './calendar.ts';
import { type Rule, rulesOf, type ValueOf } from './clause.ts';
import { type Cited, issueOf } from './issue.ts';
import { type Counting, countingOf, type Findings, type Matter, type Side, valuesOf } from './matter.ts';
import { periodEnd } from './period.ts';
import type { DisclosureTerm } from './terms.ts';

/** The last day that one book asks for; without a date where its calendar does not reach. */
interface Required {
  readonly side: Side;
  readonly rule: Rule<'disclosure'>;
  readonly counting: Counting;
  readonly endsOn: string | undefined;
}

/**
 * Disclosure: every book's own length by its own calendar gives a last day; the days are
 * compared, not the counts, and the latest wins. What the listing itself says must satisfy its home and the statute.
 */
export function checkDisclosure(matter: Matter, findings: Findings): void {
  const { startsOn, endsOn } = matter.listing.disclosure;
  const required: Required[] = [];
  for (const side of ['statute', 'home', 'host'] as const) {
    // Several where there is no price to tell the tier: the strictest tier holds.
    const strictest = latest(requiredBy(matter, side));
    if (strictest !== undefined) required.push(strictest);
  }
  for (const { rule, counting } of required) findings.consulted.push(rule.clause, counting.cited);
  checkCoverage(matter, findings, required);

  const short = latest(
    required.filter(({ side, counting, endsOn: end }) => {
      if (side === 'host') return false;
      if (end !== undefined) return end > endsOn;
      // The end is unknown, but it certainly lies beyond the last covered day.
      const through = coveredThrough(counting.calendar, startsOn);
      return through !== undefined && endsOn <= through;
    }),
  );
  if (short !== undefined) {
    const [home, host] = valuesOf(matter, 'disclosure');
    const end = short.endsOn ?? '?';
    findings.issues.push(
      issueOf('disclosure-short', 'disclosure', short.rule.clause, home, host, {
        zh: `披露至 ${endsOn}，短于规定的 ${inWords(short, 'zh')}（自 ${startsOn} 起至 ${end}）`,
        en: `disclosed until ${endsOn}, shorter than ${inWords(short, 'en')} (from ${startsOn} until ${end})`,
      }),
    );
  }

  const last = latest(required.filter((one) => one.endsOn !== undefined && one.endsOn > endsOn));
  const inTerms = last === undefined ? ownTerm(matter, required) : extendedTerm(matter.listing.disclosure, last);
  if (inTerms !== undefined) findings.terms.disclosure = inTerms;
  const asked = latest(
    required.filter((one) => one.side !== 'home' && one.endsOn !== undefined && one.endsOn > endsOn),
  );
  if (asked !== undefined) extend(matter, findings, asked);
}

function requiredBy(matter: Matter, side: Side): readonly Required[] {
  const book = matter[side];
  const counting = book && countingOf(book.rules, matter.calendars, matter.date);
  if (book === undefined || counting === undefined) return [];
  const startsOn = matter.listing.disclosure.startsOn;
  return rulesOf(book.rules, 'disclosure', matter.facts, matter.date).map((rule) => {
    const { days, dayKind } = rule.clause.value;
    const period = { count: days, unit: dayKind === 'working' ? 'working-day' : 'calendar-day' } as const;
    return { side, rule, counting, endsOn: periodEnd(counting.calendar, startsOn, period, counting.startDay) };
  });
}

/** The one with the latest end; an unknown end is the latest of all; of equals the first, which is the statute. */
function latest(all: readonly Required[]): Required | undefined {
  let found: Required | undefined;
  for (const one of all) if (found === undefined || (one.endsOn ?? '9') > (found.endsOn ?? '9')) found = one;
  return found;
}

/** Fails closed: where a date cannot be computed, or the listing's own lies beyond the calendar, somebody must look. */
function checkCoverage(matter: Matter, findings: Findings, required: readonly Required[]): void {
  const { startsOn, endsOn } = matter.listing.disclosure;
  const counting = required.find((one) => one.endsOn === undefined)?.counting;
  const outside = [startsOn, endsOn].find((date) => !coversDate(matter.calendars.statutory, date));
  if (counting === undefined && outside === undefined) return;
  const cited: Cited | undefined = counting?.cited ?? matter.statute.rules.get('calendar')?.[0]?.clause;
  if (cited === undefined) return;
  const [home, host] = valuesOf(matter, 'calendar');
  findings.issues.push(
    issueOf('calendar-unknown', 'calendar', cited, home, host, {
      zh: `自 ${startsOn} 起的披露期超出已载入的节假日年份，须先载入国务院放假通知`,
      en: `the disclosure from ${startsOn} goes beyond the holiday years loaded; load the State Council notice first`,
    }),
  );
}

/** The listing's own last day stands. */
function ownTerm(matter: Matter, required: readonly Required[]): DisclosureTerm | undefined {
  const cited: Cited | undefined =
    required.find(({ side }) => side === 'home')?.rule.clause ??
    required[0]?.rule.clause ??
    matter.statute.rules.get('regimes')?.[0]?.clause;
  if (cited === undefined) return undefined;
  const { disclosure } = matter.listing;
  return { value: disclosure, endsOn: disclosure.endsOn, from: 'home', clause: cited.id, provenance: cited.provenance };
}

function extendedTerm(disclosure: Listing['disclosure'], last: Required): DisclosureTerm {
  const { clause } = last.rule;
  const endsOn = last.endsOn ?? disclosure.endsOn;
  const days = countDays(disclosure.startsOn, endsOn, clause.value, last.counting);
  return {
    value: { ...disclosure, endsOn, days, dayKind: clause.value.dayKind },
    endsOn,
    from: last.side,
    clause: clause.id,
    provenance: clause.provenance,
  };
}

/** Working days are as many as the rule says; calendar days may be more, where the last one was a day of rest. */
function countDays(from: string, to: string, value: ValueOf<'disclosure'>, counting: Counting): number {
  if (value.dayKind === 'working') return value.days;
  return daysBetween(from, to) + (counting.startDay === 'included' ? 1 : 0);
}

function extend(matter: Matter, findings: Findings, asked: Required): void {
  const before = matter.listing.disclosure;
  const { clause } = asked.rule;
  const [home, host] = valuesOf(matter, 'disclosure');
  const after = (findings.terms.disclosure as DisclosureTerm).value;
  findings.issues.push(
    issueOf('disclosure-extended', 'disclosure', clause, home, host, {
      zh: `须披露 ${inWords(asked, 'zh')}，披露期由 ${before.endsOn} 延至 ${after.endsOn}`,
      en: `${inWords(asked, 'en')} are required: disclosure is extended from ${before.endsOn} to ${after.endsOn}`,
    }),
  );
  for (const key of ['endsOn', 'days', 'dayKind'] as const) {
    const [from, to] = [before[key] ?? null, after[key] ?? null];
    if (from !== to) {
      findings.changes.push({
        pointer: `/disclosure/${key}`,
        from,
        to,
        because: 'disclosure-extended',
        clause: clause.id,
      });
    }
  }
}

function inWords({ rule }: Required, language: 'zh' | 'en'): string {
  const { days, dayKind } = rule.clause.value;
  if (language === 'en') return `${days} ${dayKind} days`;
  return `${days} 个${dayKind === 'working' ? '工作日' : '自然日'}`;
}
