import { formatFen } from '../contract/money.ts';
import type { BreakCode } from './codes.ts';
import type { SeenRow } from './seen.ts';

/** One field that differs: the book's word beside the journal's (without a journal: beside the other book's). */
export interface FailingField {
  readonly field: string;
  readonly code: BreakCode;
  readonly book: string | null;
  readonly journal: string | null;
}

export interface Difference extends FailingField {
  /** Book minus journal, of amounts. */
  readonly deltaFen: bigint | null;
}

/** By how much an amount may differ, in fen. */
type Allowed = (amountFen: bigint) => bigint;

/** Every field in which a book differs from the journal; amounts no further apart than `allowed` are TOL. `feeFen`: what that side's fee must be. */
export function comparedWith(
  journal: SeenRow,
  book: SeenRow,
  feeFen: bigint | undefined,
  allowed: Allowed,
): readonly Difference[] {
  const found: Difference[] = [];
  const word = (field: string, code: BreakCode, said: string, meant: string) => {
    if (said !== meant) found.push({ field, code, book: said, journal: meant, deltaFen: null });
  };
  word('home', 'PTY', book.home, journal.home);
  word('host', 'PTY', book.host, journal.host);
  word('buyer', 'PTY', book.buyer, journal.buyer);
  word('seller', 'PTY', book.seller, journal.seller);
  if (book.listing !== undefined && journal.listing !== undefined) {
    word('listing', 'AST', book.listing, journal.listing);
  }
  word('currency', 'CCY', book.further?.currency ?? 'CNY', journal.further?.currency ?? 'CNY');
  const isReversal = (book.state === 'cancelled') !== (journal.state === 'cancelled');
  word('state', isReversal ? 'STS-REV' : 'STS', book.state, journal.state);
  const amount = (field: string, said: bigint, meant: bigint, codeOf: (deltaFen: bigint) => BreakCode) => {
    const deltaFen = said - meant;
    if (deltaFen === 0n) return;
    const code = (deltaFen < 0n ? -deltaFen : deltaFen) <= allowed(meant) ? 'TOL' : codeOf(deltaFen);
    found.push({ field, code, book: formatFen(said, 'yuan'), journal: formatFen(meant, 'yuan'), deltaFen });
  };
  amount('price', book.priceFen, journal.priceFen, (deltaFen) => (deltaFen > 0n ? 'AMT+' : 'AMT-'));
  word('quantity', 'QTY', book.further?.quantity ?? '1', journal.further?.quantity ?? '1');
  if (feeFen !== undefined) amount('fee', book.feeFen, feeFen, () => 'FEE');
  const [taxSaid, taxMeant] = [book.further?.taxFen, journal.further?.taxFen];
  if (taxSaid !== undefined && taxMeant !== undefined) amount('tax', taxSaid, taxMeant, () => 'TAX');
  word('businessDate', 'DAT', book.businessDate, journal.businessDate);
  return found;
}

/** The journal says nothing of tax: only the two books can be held against each other, and neither is the measure. */
export function taxesApart(a: SeenRow | undefined, b: SeenRow | undefined, allowed: Allowed): readonly Difference[] {
  const [one, other] = [a?.further?.taxFen, b?.further?.taxFen];
  if (one === undefined || other === undefined || one === other) return [];
  const apart = one > other ? one - other : other - one;
  const code = apart <= allowed(other) ? 'TOL' : 'TAX';
  const [book, journal] = [formatFen(one, 'yuan'), formatFen(other, 'yuan')];
  return [{ field: 'tax', code, book, journal, deltaFen: null }];
}
