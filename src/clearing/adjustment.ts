import type { Exchange } from '../contract/exchange.ts';
import { fenOf } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { type BreakAction, isPresence } from './break-actions.ts';
import type { Found } from './classify.ts';
import type { BreakCode } from './codes.ts';

/** One line of double entry; positive is debit. Accounts: `book/ctex`, `suspense/stex`, … (0012_clearing_breaks.sql). */
export interface Entry {
  readonly account: string;
  readonly amountFen: bigint;
}

/**
 * By how much either book is above the journal for a break's sake, in fen. Where a row is missing its amount is: the
 * journal is zero and the row the deal's price, or the journal is the price and zero is missing.
 */
export interface Gaps {
  readonly homeFen: bigint;
  readonly hostFen: bigint;
}

type Gapped = Pick<Found, 'code' | 'side' | 'home' | 'deltaFen' | 'valueFen' | 'fields'>;

/** What a missing or surplus row is to the home's and the host's book, in prices. */
const ROWS: Partial<Record<BreakCode, readonly [home: bigint, host: bigint]>> = {
  P110: [1n, 1n],
  P101: [0n, -1n],
  P011: [-1n, 0n],
  P100: [1n, 0n],
  P010: [0n, 1n],
  P001: [-1n, -1n],
};

export function gapsOf(found: Gapped): Gaps {
  const { code, side, home, valueFen } = found;
  const rows = ROWS[code];
  if (rows !== undefined) return { homeFen: rows[0] * valueFen, hostFen: rows[1] * valueFen };
  if (side === null) return { homeFen: found.deltaFen ?? 0n, hostFen: found.deltaFen ?? 0n };
  const surplusRows = code === 'DUP~' ? 1n : BigInt(found.fields.filter((field) => field.code === 'DUP').length);
  const gapFen = found.fields.reduce((sum, field) => sum + apartFen(field), surplusRows * valueFen);
  return side === home ? { homeFen: gapFen, hostFen: 0n } : { homeFen: 0n, hostFen: gapFen };
}

const AMOUNTS: ReadonlySet<string> = new Set(['price', 'fee', 'tax']);

function apartFen({ field, book, journal }: Found['fields'][number]): bigint {
  if (!AMOUNTS.has(field) || book === null || journal === null) return 0n;
  return fenOf({ amount: book, currency: 'CNY' }) - fenOf({ amount: journal, currency: 'CNY' });
}

interface Settled {
  readonly code: BreakCode;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly gaps: Gaps;
}

/** Where the other half of a correction of a book is booked. */
const AGAINST: Partial<Record<BreakAction, string>> = {
  refund: 'payable',
  claim: 'receivable',
  suspend: 'suspense',
  'write-off': 'loss',
};

/**
 * What an action books: every book is brought to the level of the one that is taken as right, each correction with its
 * other half. Nothing where no amount differs. `adjust` and `reverse` have entries of their own. Refused: `action-unfit`.
 */
export function entriesOf(action: BreakAction, about: Settled): Checked<readonly Entry[]> {
  const { home, host, gaps } = about;
  const measure = measureOf(action, about);
  if (measure === undefined) return refused(refuse('action-unfit', '/action', `${action} ${about.code}`));
  const corrections = [
    [home, measure - gaps.homeFen],
    [host, measure - gaps.hostFen],
    ['journal', measure],
  ] as const;
  const against = AGAINST[action] ?? 'difference';
  return accepted(
    corrections
      .filter(([, fen]) => fen !== 0n)
      .flatMap(([side, fen]) => [
        { account: `book/${side}`, amountFen: fen },
        { account: `${against}/${side}`, amountFen: -fen },
      ]),
  );
}

/** The level, above the journal, that is taken as right; undefined: the action does not fit. */
function measureOf(action: BreakAction, { code, gaps: { homeFen, hostFen } }: Settled): bigint | undefined {
  switch (action) {
    case 'by-home':
      return homeFen;
    case 'by-host':
      return hostFen;
    case 'by-gateway':
    case 'suspend':
    case 'write-off':
      return 0n;
    case 'supplement':
      // What one of the three has is entered where it is missing.
      return isPresence(code) ? (homeFen > 0n ? homeFen : hostFen > 0n ? hostFen : 0n) : undefined;
    case 'refund':
      return homeFen >= 0n && hostFen >= 0n && homeFen + hostFen > 0n ? 0n : undefined;
    case 'claim':
      return homeFen <= 0n && hostFen <= 0n && homeFen + hostFen < 0n ? 0n : undefined;
    default:
      return undefined;
  }
}

/** What lies in suspense is not settled, and a loss takes two checkers: both have actions of their own. */
const KINDS = 'book|difference|payable|receivable';

/** A maker's own entries: of known accounts, without zeros, balanced; refused with every reason why not. */
export function checkEntries(entries: readonly Entry[], { home, host }: Pick<Settled, 'home' | 'host'>) {
  const account = new RegExp(`^(${KINDS})/(${home}|${host}|journal)$`);
  const wrong = entries.flatMap((entry, at) => [
    ...(account.test(entry.account) ? [] : [refuse('unknown-code', `/entries/${at}/account`)]),
    ...(entry.amountFen !== 0n ? [] : [refuse('bad-money', `/entries/${at}/amount`)]),
  ]);
  const sumFen = entries.reduce((sum, { amountFen }) => sum + amountFen, 0n);
  if (sumFen !== 0n) wrong.push(refuse('inconsistent', '/entries'));
  if (entries.length > MOST_ENTRIES) wrong.push(refuse('too-large', '/entries'));
  return wrong;
}

const MOST_ENTRIES = 20;

/** The same in red: line by line. */
export function reversed(entries: readonly Entry[]): readonly Entry[] {
  return entries.map(({ account, amountFen }) => ({ account, amountFen: -amountFen }));
}

/** What is moved: the debit side. */
export function movedFen(entries: readonly Entry[]): bigint {
  return entries.reduce((sum, { amountFen }) => (amountFen > 0n ? sum + amountFen : sum), 0n);
}

/** What is left between either book and the journal after everything booked for the break. */
export function residualOf(gaps: Gaps, booked: readonly Entry[], { home, host }: Pick<Settled, 'home' | 'host'>): Gaps {
  const on = (account: string) =>
    booked.reduce((sum, entry) => (entry.account === account ? sum + entry.amountFen : sum), 0n);
  const journalFen = on('book/journal');
  return {
    homeFen: gaps.homeFen + on(`book/${home}`) - journalFen,
    hostFen: gaps.hostFen + on(`book/${host}`) - journalFen,
  };
}
