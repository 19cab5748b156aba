import type { Exchange } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { comparedWith, type Difference, type FailingField, taxesApart } from './classify-fields.ts';
import { type BreakCode, breakId, byEvaluation, type Severity, severityOf } from './codes.ts';
import { pairOf, type SeenDeal, type SeenInBook } from './seen.ts';
import { type Tolerance, toleratedBy } from './tolerance.ts';

/** Whose fault it looks like: a hint for people, never a decision. */
export type Blame = Exchange | 'both' | 'gateway';

export type Outcome = 'break' | 'tolerated' | 'in-flight';

/** What comparing found about one deal and, where one book deviates, one side of it. */
export interface Found {
  readonly breakId: string;
  readonly dealId: string;
  readonly code: BreakCode;
  readonly codes: readonly BreakCode[];
  readonly outcome: Outcome;
  readonly side: Exchange | null;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly severity: Severity;
  /** Book minus journal; null where no amount differs. */
  readonly deltaFen: bigint | null;
  readonly valueFen: bigint;
  readonly businessDate: string;
  readonly fields: readonly FailingField[];
  readonly blame: Blame | null;
}

export interface Rules {
  /** The business day that is compared. */
  readonly date: string;
  readonly tolerances: readonly Tolerance[];
  /** Whether a deal of that day, still unconfirmed, should have been confirmed by now. */
  isOverdue(businessDate: string): boolean;
}

/**
 * Everything that is wrong with one deal (clearing.md §3): at most one finding for the deal as a whole, and one for each
 * book. Empty: all three are equal. Pure.
 */
export function classify(deal: SeenDeal, rules: Rules): readonly Found[] {
  const { home, host } = pairOf(deal);
  const { a, b, g } = deal;
  const found: Found[] = [];
  const whole = wholeDeal(deal, rules);
  if (whole !== undefined) found.push(finding(deal, { ...whole, side: null }));
  const allowed = toleratedBy(rules.tolerances, home, host);
  const isAmountOfBoth = whole?.differences[0]?.code === 'AMT2';
  for (const [side, book, other] of [
    [home, a, b],
    [host, b, a],
  ] as const) {
    if (book === undefined) continue;
    const differences = [
      ...again(book),
      ...(g === undefined ? [] : comparedWith(g, book, side === home ? g.homeFeeFen : g.hostFeeFen, allowed)),
    ].filter(({ code }) => !(isAmountOfBoth && code.startsWith('AMT')));
    if (differences.length === 0) continue;
    found.push(finding(deal, { differences, side, blame: other === undefined && g === undefined ? null : side }));
  }
  return found;
}

interface Cause {
  readonly differences: readonly Difference[];
  readonly side: Exchange | null;
  readonly blame: Blame | null;
  readonly outcome?: Outcome;
}

/** What is wrong with the deal rather than with one book. */
function wholeDeal(deal: SeenDeal, rules: Rules): Omit<Cause, 'side'> | undefined {
  const { a, b, g } = deal;
  const { home, host } = pairOf(deal);
  const of = (code: BreakCode, blame: Blame | null, outcome: Outcome = 'break') => ({
    differences: [{ field: '', code, book: null, journal: null, deltaFen: null }],
    blame,
    outcome,
  });
  if (g === undefined) {
    if (a === undefined) return of('P010', host);
    if (b === undefined) return of('P100', home);
    // Neither is the measure of the other; what they disagree on is for whoever enters the deal.
    const between = comparedWith(b, a, undefined, () => 0n).map((one) => ({ ...one, deltaFen: null }));
    return { differences: [...of('P110', null).differences, ...between], blame: 'gateway' };
  }
  if (a === undefined || b === undefined) {
    if (g.inFlight) return of('TIM', host, rules.isOverdue(g.businessDate) ? 'break' : 'in-flight');
    // A deal of another day is here only because one book names it; what the other lacks was said on its own day.
    if (g.businessDate !== rules.date && (a ?? b) !== undefined) return undefined;
    if (a === undefined && b === undefined) return of('P001', null);
    return a === undefined ? of('P011', home) : of('P101', host);
  }
  const deltaFen = a.priceFen - g.priceFen;
  const allowed = toleratedBy(rules.tolerances, home, host);
  const isBeyond = (deltaFen < 0n ? -deltaFen : deltaFen) > allowed(g.priceFen);
  const taxes = taxesApart(a, b, allowed);
  if (a.priceFen !== b.priceFen || !isBeyond) {
    return taxes.length === 0 ? undefined : { differences: taxes, blame: null };
  }
  const yuan = [a.priceFen, g.priceFen].map((fen) => formatFen(fen, 'yuan')) as [string, string];
  // Two against one, but both of them signed what the journal says.
  return {
    differences: [{ field: 'price', code: 'AMT2', book: yuan[0], journal: yuan[1], deltaFen }, ...taxes],
    blame: g.inFlight ? null : 'both',
  };
}

function again({ again }: SeenInBook): readonly Difference[] {
  return again.map(({ line }) => ({ field: 'line', code: 'DUP', book: String(line), journal: null, deltaFen: null }));
}

function finding(deal: SeenDeal, { differences, side, blame, outcome }: Cause): Found {
  const { dealId, a, b, g } = deal;
  const pair = pairOf(deal);
  const there = [a, g, b].filter((row) => row !== undefined);
  const ordered = differences.toSorted((one, other) => byEvaluation(one.code, other.code));
  const code = ordered[0]!.code;
  // Of the first amount that differs: of the price before the fee.
  const deltaFen = ordered.find((one) => one.deltaFen !== null)?.deltaFen ?? null;
  return {
    breakId: breakId({ ...pair, dealId, code, side }),
    dealId,
    code,
    codes: [...new Set(ordered.map((one) => one.code))],
    outcome: outcome ?? (ordered.every((one) => one.code === 'TOL') ? 'tolerated' : 'break'),
    side,
    ...pair,
    severity: severityOf(code, {
      amountFen: deltaFen === null ? 0n : deltaFen < 0n ? -deltaFen : deltaFen,
      isFinal: there.some(({ state }) => state === 'certified'),
    }),
    deltaFen,
    valueFen: there.reduce((most, { priceFen }) => (priceFen > most ? priceFen : most), 0n),
    businessDate: (g ?? a ?? b)!.businessDate,
    fields: ordered
      .filter(({ field }) => field !== '')
      .map(({ field, code, book, journal }) => ({ field, code, book, journal })),
    blame,
  };
}
