import type { Break } from '../clearing/break.ts';
import type { BreakDetail } from '../clearing/break-detail.ts';
import { breakStates, closings } from '../clearing/break-states.ts';
import { codes } from '../clearing/codes.ts';
import type { KeptFound } from '../clearing/match-found.ts';
import { instantAt } from '../contract/dates.ts';
import { formatFen } from '../contract/money.ts';

/** Fen as people and programs get it: a signed decimal string of yuan. */
export function yuan(fen: bigint): string;
export function yuan(fen: bigint | null): string | null;
export function yuan(fen: bigint | null): string | null {
  return fen === null ? null : formatFen(fen, 'yuan');
}

export function instant(at: Date): string {
  return instantAt(at.getTime());
}

/** The entity tag of a break as it was read. Comments do not change what a person acts on, but are new to see. */
export function breakTag({ version }: Pick<Break, 'version'>, notes: number): string {
  return `${version}.${notes}`;
}

/** The version that an entity tag was of; undefined: it is none of ours. */
export function versionIn(tag: string): number | undefined {
  const version = /^([1-9]\d{0,8})\.\d{1,9}$/.exec(tag)?.[1];
  return version === undefined ? undefined : Number(version);
}

/** One break as a line of a list. */
export function breakShown(one: Break) {
  const { zh, en } = codes[one.code];
  return {
    id: one.id,
    version: one.version,
    code: one.code,
    codes: one.codes,
    zh,
    en,
    severity: one.severity,
    state: one.state,
    stateNames: breakStates[one.state],
    deal: one.dealId,
    exchange: one.side,
    home: one.home,
    host: one.host,
    delta: yuan(one.deltaFen),
    value: yuan(one.valueFen),
    homeGap: yuan(one.homeGapFen),
    hostGap: yuan(one.hostGapFen),
    businessDate: one.businessDate,
    blame: one.blame,
    cycle: one.cycle,
    lastCycle: one.lastCycle,
    run: one.run,
    found: one.isFound,
    firstSeen: one.firstSeen,
    due: one.due,
    escalation: one.escalation,
    assignee: one.assignee,
    maker: one.maker,
    checker: one.checker,
    proposal: one.proposalSha256,
    closedAs: one.closedAs === null ? null : { code: one.closedAs, ...closings[one.closedAs] },
    changedAt: instant(one.changedAt),
  };
}

/** One break with its three columns A | G | B, everything done about it, and what is proposed. */
export function breakDetailShown(detail: BreakDetail) {
  const { stands, fields, seen, suggestions, acts, proposal, adjustments, queries } = detail;
  return {
    ...breakShown(stands),
    fields,
    columns: { a: seen.a, g: seen.g, b: seen.b },
    suggestions,
    acts: acts.map((act) => ({ ...act, at: instant(act.at) })),
    proposed: proposal,
    adjustments: adjustments.map(({ no, reverses, entries, postedBy, at }) => ({
      no: no.toString(),
      reverses: reverses === null ? null : reverses.toString(),
      entries: entries.map(({ account, amountFen }) => ({ account, amount: yuan(amountFen) })),
      postedBy,
      at: instant(at),
    })),
    queries,
  };
}

/** One finding of a comparison, break or not. */
export function foundShown(one: KeptFound) {
  const { zh, en } = codes[one.code];
  return {
    id: one.breakId,
    deal: one.dealId,
    code: one.code,
    codes: one.codes,
    zh,
    en,
    outcome: one.outcome,
    severity: one.severity,
    exchange: one.side,
    home: one.home,
    host: one.host,
    delta: yuan(one.deltaFen),
    value: yuan(one.valueFen),
    businessDate: one.businessDate,
    fields: one.fields,
    columns: one.seen,
    blame: one.blame,
    suggestions: one.suggestions,
  };
}
