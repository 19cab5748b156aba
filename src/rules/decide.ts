import { isDate, isInstant } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Listing } from '../contract/message.ts';
import { checkExport, checkRedLines } from './bar.ts';
import { type Calendars, libraryCalendars } from './calendar.ts';
import { factsOf } from './clause.ts';
import { checkDeposit } from './deposit.ts';
import { checkDisclosure } from './disclosure.ts';
import { type Issue, issueOf, rulebookPrinciple, type Verdict, verdictOf } from './issue.ts';
import type { Findings, Matter } from './matter.ts';
import { mergeTerms } from './merge.ts';
import { checkNotice } from './notice.ts';
import { checkSeller } from './party.ts';
import { inForce, type Rulebook, type RulebookHistory } from './rulebook.ts';
import { statute } from './statute.ts';
import { checkInstalments, checkSupport, checkVenue } from './support.ts';
import type { Change, Terms } from './terms.ts';

export type { Issue, Verdict } from './issue.ts';
export type { Change, Terms } from './terms.ts';

/** Which version of a rulebook a decision rests on. */
export interface RulebookCitation {
  readonly exchange: Exchange;
  readonly version: number;
  readonly sha256: string;
}

/** May the host show this listing, and under which terms. Plain JSON throughout. */
export interface Decision {
  readonly verdict: Verdict;
  readonly terms: Readonly<Terms>;
  /** What the host must show differently; applied to the listing they make the verdict `relay`. */
  readonly changes: readonly Change[];
  /** Every reason, not only the first. */
  readonly issues: readonly Issue[];
  /** null: none is in force. */
  readonly rulebooks: { readonly home: RulebookCitation | null; readonly host: RulebookCitation | null };
  /** Ids of the clauses under this decision that are assumptions. Not empty: say so wherever the decision is shown. */
  readonly restsOnAssumption: readonly string[];
  /** A held listing may be decided anew from this date on; absent: only when something else has changed. */
  readonly recheckOn?: string;
}

export interface DecisionContext {
  /** The day on which the same asset last changed hands, for the red line on quick resale. */
  readonly lastConcludedOn?: string;
  /** Calendars with further holiday notices; by default those of the holiday library. */
  readonly calendars?: Calendars;
}

/**
 * May a listing of the home be shown at the host on that day, and under which terms?
 *
 * `listing` has been checked (parseMessage). `home` and `host` are a rulebook or all its versions, of which the one in
 * force at `at` is taken; `at` is a date or an instant at +08:00. Pure: the same arguments, the same bytes.
 * Throws only when the caller errs: `at` is neither, or a rulebook is another exchange's.
 */
export function decide(
  listing: Listing,
  home: Rulebook | RulebookHistory,
  host: Rulebook | RulebookHistory,
  at: string,
  context: DecisionContext = {},
): Decision {
  const matter = matterOf(listing, home, host, at, context);
  const findings: Findings = { terms: {}, changes: [], issues: [], consulted: [] };
  checkInForce(matter, findings);
  checkSupport(matter, findings);
  checkVenue(matter, findings);
  checkInstalments(matter, findings);
  checkSeller(matter, findings);
  checkExport(matter, findings);
  checkRedLines(matter, findings);
  checkNotice(matter, findings);
  checkDisclosure(matter, findings);
  checkDeposit(matter, findings);
  mergeTerms(matter, findings);

  const verdict = verdictOf(findings.issues);
  return {
    verdict,
    terms: findings.terms,
    changes: findings.changes,
    issues: findings.issues,
    rulebooks: { home: cite(matter.home), host: cite(matter.host) },
    restsOnAssumption: assumptionsIn(findings),
    ...(verdict === 'hold' && findings.recheckOn !== undefined ? { recheckOn: findings.recheckOn } : {}),
  };
}

/** Puts together what a decision is about; throws where the caller errs. */
export function matterOf(
  listing: Listing,
  home: Rulebook | RulebookHistory,
  host: Rulebook | RulebookHistory,
  at: string,
  context: DecisionContext = {},
): Matter {
  if (!isDate(at) && !isInstant(at)) throw new TypeError(`neither a date nor an instant at +08:00: ${at}`);
  const date = at.slice(0, 10);
  const homeBook = inForce(home, date);
  if (homeBook !== undefined && homeBook.exchange !== listing.home) {
    throw new TypeError(`a listing of ${listing.home} cannot be decided by the rulebook of ${homeBook.exchange}`);
  }
  return {
    listing,
    facts: factsOf(listing),
    date,
    home: homeBook,
    host: inForce(host, date),
    statute: { rules: statute },
    calendars: context.calendars ?? libraryCalendars,
    lastConcludedOn: context.lastConcludedOn,
  };
}

export function checkInForce(matter: Matter, findings: Pick<Findings, 'issues'>): void {
  for (const side of ['home', 'host'] as const) {
    if (matter[side] !== undefined) continue;
    const where = side === 'home' ? { zh: '主场', en: 'home' } : { zh: '对方', en: 'host' };
    findings.issues.push(
      issueOf('rulebook-not-in-force', 'rulebook', rulebookPrinciple, matter.home?.version, matter.host?.version, {
        zh: `${matter.date} 没有生效的${where.zh}交易所规则`,
        en: `no rulebook of the ${where.en} is in force on ${matter.date}`,
      }),
    );
  }
}

function cite(book: Rulebook | undefined): RulebookCitation | null {
  return book === undefined ? null : { exchange: book.exchange, version: book.version, sha256: book.sha256 };
}

function assumptionsIn(findings: Findings): readonly string[] {
  const ids: string[] = [];
  for (const { id, provenance } of findings.consulted) {
    if (provenance === 'assumption' && !ids.includes(id)) ids.push(id);
  }
  for (const { clause, provenance } of findings.issues) {
    if (provenance === 'assumption' && !ids.includes(clause)) ids.push(clause);
  }
  return ids;
}
