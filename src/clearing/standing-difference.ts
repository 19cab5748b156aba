import { createHash } from 'node:crypto';
import type { Exchange } from '../contract/exchange.ts';
import { comparedWith, type FailingField } from './classify-fields.ts';
import { type BreakCode, byEvaluation } from './codes.ts';
import type { Side } from './row.ts';
import type { SeenRow } from './seen.ts';
import { canonicalRow, type StandingRow } from './standing-row.ts';
import type { SaidRow } from './standing-side.ts';

/** What one deal looks like on two sides that do not say the same of it. */
export interface StandingDifference {
  readonly dealId: string;
  readonly ordinal: number;
  readonly home: StandingRow['home'];
  readonly host: StandingRow['host'];
  /** The first of the codes in the order of evaluation. Seen from this pair alone: a third book may make it another. */
  readonly code: BreakCode;
  readonly codes: readonly BreakCode[];
  /** One minus other; null where no amount differs. */
  readonly deltaFen: bigint | null;
  /** `book` is the one's word, `journal` the other's. */
  readonly fields: readonly FailingField[];
  readonly one: StandingRow | undefined;
  readonly other: StandingRow | undefined;
  /** SHA-256 over what both say. The same as before: nothing has moved, though the session may be another. */
  readonly digest: Buffer;
  readonly isTolerated: boolean;
  /** The host has not confirmed yet, and only it lacks the deal: it is on its way. */
  readonly isInFlight: boolean;
}

/** How far two amounts of a pair may differ, in fen; 0n: not at all. */
export type ToleratedFen = (home: Exchange, host: Exchange, amountFen: bigint) => bigint;

export interface DifferenceRules {
  readonly one: Exchange;
  readonly other: Side;
  readonly toleratedFen: ToleratedFen;
  /** What the journal knows of a deal. */
  known(dealId: string): 'known' | 'in-flight' | undefined;
}

/** Rows that only one side has → the deals that differ, in the order of their ids. Tolerances count only here. Pure. */
export function differencesOf(
  ones: readonly SaidRow[],
  others: readonly SaidRow[],
  rules: DifferenceRules,
): readonly StandingDifference[] {
  const pairs = new Map<string, { one?: SaidRow; other?: SaidRow }>();
  const pairOf = ({ row }: SaidRow) => {
    const key = `${row.dealId}\n${row.ordinal}`;
    const pair = pairs.get(key) ?? {};
    pairs.set(key, pair);
    return pair;
  };
  for (const one of ones) pairOf(one).one = one;
  for (const other of others) pairOf(other).other = other;
  return [...pairs.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { one, other }]) => differenceOf(one, other, rules));
}

function differenceOf(
  one: SaidRow | undefined,
  other: SaidRow | undefined,
  rules: DifferenceRules,
): StandingDifference {
  const { dealId, ordinal, home, host } = (other ?? one)!.row;
  const base = {
    dealId,
    ordinal,
    home,
    host,
    one: one?.row,
    other: other?.row,
    digest: digestOf([one, other], rules),
  };
  if (one !== undefined && other !== undefined) {
    const [said, meant] = [one.row, other.row];
    const allowed = (amountFen: bigint) => rules.toleratedFen(home, host, amountFen);
    const all = comparedWith(seenIn(meant), seenIn(said), meant.feeFen ?? undefined, allowed);
    const ordered = all.toSorted((a, b) => byEvaluation(a.code, b.code));
    return {
      ...base,
      code: ordered[0]!.code,
      codes: [...new Set(ordered.map(({ code }) => code))],
      deltaFen: ordered.find(({ deltaFen }) => deltaFen !== null)?.deltaFen ?? null,
      fields: ordered.map(({ field, code, book, journal }) => ({ field, code, book, journal })),
      isTolerated: ordered.every(({ code }) => code === 'TOL'),
      isInFlight: false,
    };
  }
  return { ...base, ...codeAlone(base, rules), deltaFen: null, fields: [], isTolerated: false };
}

function digestOf(said: readonly (SaidRow | undefined)[], rules: DifferenceRules): Buffer {
  const form = rules.other === 'journal' ? 'stated' : 'terms';
  const text = said.map((one) => (one === undefined ? null : canonicalRow(one.row, form)));
  return createHash('sha256').update(JSON.stringify(text)).digest();
}

/** In the form in which the day's match compares, which knows more of a row. */
function seenIn(row: StandingRow): SeenRow {
  return { ...row, feeFen: row.feeFen ?? 0n, nativeNumber: '', line: 0 };
}

/**
 * Only one side has it. The bits of the codes are those of the home's book, the host's and the journal; of the book that
 * is not looked at, what the journal says of it is taken for granted.
 */
function codeAlone(
  { dealId, ordinal, home, one, other }: Pick<StandingDifference, 'dealId' | 'ordinal' | 'home' | 'one' | 'other'>,
  rules: DifferenceRules,
): Pick<StandingDifference, 'code' | 'codes' | 'isInFlight'> {
  const of = (code: BreakCode, isInFlight = false) => ({ code, codes: [code], isInFlight });
  if (ordinal > 1) return of('DUP');
  const known = rules.known(dealId);
  const isJournaled = rules.other === 'journal' ? other !== undefined : known !== undefined;
  const holder = one === undefined ? rules.other : rules.one;
  if (!isJournaled) return of(holder === home ? 'P100' : 'P010');
  const lacking = one === undefined ? rules.one : rules.other;
  if (lacking === home) return of('P011');
  return known === 'in-flight' ? of('TIM', true) : of('P101');
}
