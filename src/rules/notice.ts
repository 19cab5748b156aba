import { addDays } from '../contract/dates.ts';
import { type Rule, ruleOf } from './clause.ts';
import { type Bilingual, type Cited, issueOf } from './issue.ts';
import { countingOf, type Findings, type Matter, term, valuesOf } from './matter.ts';
import { periodEnd } from './period.ts';

interface Demand {
  readonly rule: Rule<'notice'>;
  readonly from: 'statute' | 'home' | 'host';
  /** The first day the notice may lawfully end on; undefined: unknown. */
  readonly endsOn: string | undefined;
  readonly calendar: Cited;
}

/**
 * A price agreed by a public research body is put on notice first (国发〔2016〕16号). Until the notice has
 * ended without objection, the listing waits. A notice shorter than the law asks for ends when it lawfully may.
 */
export function checkNotice(matter: Matter, findings: Findings): void {
  const demands = demandsOf(matter);
  const first = demands[0];
  if (first === undefined) return;
  for (const { rule } of demands) findings.consulted.push(rule.clause);
  const notice = matter.listing.disclosure.notice;
  const strictest = demands.reduce((a, b) => ((b.endsOn ?? '9') > (a.endsOn ?? '9') ? b : a), first);
  const [home, host] = valuesOf(matter, 'notice');
  const cited = strictest.rule.clause;
  const { days, dayKind } = cited.value;

  const unknown = notice?.startsOn === undefined ? undefined : demands.find((demand) => demand.endsOn === undefined);
  if (unknown !== undefined) {
    findings.issues.push(
      issueOf('calendar-unknown', 'notice', unknown.calendar, home, host, {
        zh: `自 ${notice?.startsOn} 起的公示期超出已载入的节假日年份`,
        en: `the notice from ${notice?.startsOn} goes beyond the holiday years loaded`,
      }),
    );
  }
  const lawful = strictest.endsOn;
  // A lawful end that nobody knows yet cannot have passed: the notice counts as open.
  const isKnown = notice !== undefined && unknown === undefined;
  const endsOn = !isKnown ? undefined : lawful !== undefined && lawful > notice.endsOn ? lawful : notice.endsOn;
  findings.terms.notice = term({ days, dayKind, ...(endsOn === undefined ? {} : { endsOn }) }, strictest.from, cited);
  if (endsOn === undefined || endsOn >= matter.date) {
    findings.issues.push(issueOf('notice-open', 'notice', cited, home, host, openDetail(notice, endsOn)));
    if (endsOn !== undefined) findings.recheckOn = addDays(endsOn, 1);
  }
  if (notice?.objections === true) {
    findings.issues.push(
      issueOf('notice-objection', 'notice', cited, home, host, {
        zh: '协议定价公示期间有异议',
        en: 'there are objections to the agreed price',
      }),
    );
  }
}

function openDetail(notice: unknown, endsOn: string | undefined): Bilingual {
  if (notice === undefined) {
    return { zh: '协议定价尚未提供公示证明', en: 'no proof of the public notice of the agreed price' };
  }
  if (endsOn === undefined) {
    return {
      zh: '协议定价公示的法定届满日尚无法确定',
      en: 'the lawful end of the public notice of the agreed price cannot be told yet',
    };
  }
  return {
    zh: `协议定价公示至 ${endsOn} 届满`,
    en: `the public notice of the agreed price ends on ${endsOn}`,
  };
}

function demandsOf(matter: Matter): readonly Demand[] {
  const demands: Demand[] = [];
  const startsOn = matter.listing.disclosure.notice?.startsOn;
  for (const side of ['statute', 'home', 'host'] as const) {
    const book = matter[side];
    const rule = book && ruleOf(book.rules, 'notice', matter.facts, matter.date);
    const counting = rule && countingOf(book.rules, matter.calendars, matter.date);
    if (rule === undefined || counting === undefined) continue;
    const { days, dayKind } = rule.clause.value;
    const period = { count: days, unit: dayKind === 'working' ? 'working-day' : 'calendar-day' } as const;
    demands.push({
      rule,
      from: side,
      endsOn: startsOn === undefined ? '' : periodEnd(counting.calendar, startsOn, period, counting.startDay),
      calendar: counting.cited,
    });
  }
  return demands;
}
