import type { StatementReader } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import { emptySketch, type Sketch, toggle } from './iblt.ts';
import type { BookRow } from './row.ts';
import { cellBytes, hexOf } from './sketch.ts';
import {
  canonicalRow,
  type Session,
  type StandingForm,
  type StandingRow,
  sessionOf,
  symbolOf,
} from './standing-row.ts';
import type { StandingSet, StandingSide } from './standing-side.ts';
import { bookRowOf } from './stated.ts';

export interface StandingBook {
  readonly exchange: Exchange;
  /** The books as they are at this moment, one statement for each business day from `since` on. */
  read(since: string): AsyncIterable<StatementReader>;
  /** Cells that a sketch has here, at most what is ever asked for. */
  readonly cells: number;
  /** Sets kept at once; the one not asked for longest makes room. */
  readonly sets: number;
}

/** A set that is kept: its sketch, and its rows by deal and by symbol. */
interface Kept {
  readonly session: Session;
  readonly sketch: Sketch;
  readonly ofDeal: Map<string, KeptRow>;
  readonly ofSymbol: Map<string, KeptRow>;
}

interface KeptRow {
  readonly row: StandingRow;
  /** One character a byte: it is a key, and there are many. */
  readonly symbol: string;
}

/**
 * An exchange's side of the standing check, where its books are. A set is made when it is first asked for, and from then on
 * only what has changed in the books is added to its sketch and taken away.
 */
export function openStandingBook(book: StandingBook): StandingSide {
  const kept = new Map<string, Kept>();
  const keyOf = ({ secret, since, form, counter }: StandingSet) => `${hexOf(secret)} ${since} ${form} ${counter ?? ''}`;
  const keep = (key: string, one: Kept) => {
    kept.delete(key);
    kept.set(key, one);
    while (kept.size > book.sets) kept.delete(kept.keys().next().value!);
  };
  const open = (set: StandingSet): Kept => {
    const session = sessionOf(set.secret);
    return { session, sketch: emptySketch(session.cells, book.cells), ofDeal: new Map(), ofSymbol: new Map() };
  };
  const lastOf = (set: StandingSet): Kept => {
    const found = kept.get(keyOf(set));
    if (found === undefined) throw new SetForgotten();
    return found;
  };
  return {
    sketch: async (set, from, to) => {
      const key = keyOf(set);
      const one = from === 0 ? (kept.get(key) ?? open(set)) : lastOf(set);
      if (from === 0) {
        const rows = await rowsNow(book, set);
        bringUp(one, rows, set);
        keep(key, one);
      }
      return { rows: one.ofSymbol.size, cells: cellBytes(one.sketch, from, Math.min(to, book.cells)) };
    },
    symbols: async (set) => [...lastOf(set).ofSymbol.keys()].map(symbolIn),
    rows: async (set, symbols) => {
      const { ofSymbol } = lastOf(set);
      return symbols.flatMap((symbol) => {
        const found = ofSymbol.get(keyOfSymbol(symbol));
        return found === undefined ? [] : [{ symbol, row: found.row }];
      });
    },
  };
}

/** A set was asked for that is no longer kept: it must be begun again from its first cell. */
export class SetForgotten extends Error {
  constructor() {
    super('the set is not kept here (any more): ask for its sketch from cell 0');
  }
}

/** A book is not what it should be; the look is made again later. */
class UnreadableBook extends Error {
  constructor(reason: string) {
    super(`the book cannot be read: ${reason}`);
  }
}

/** The rows of the set, a deal's second and third with ordinals of their own. Rows that cannot be read are in no set. */
async function rowsNow(book: StandingBook, set: StandingSet): Promise<readonly StandingRow[]> {
  const seen = new Map<string, number>();
  const rows: StandingRow[] = [];
  for await (const statement of book.read(set.since)) {
    let count = 0;
    let next = await statement.next();
    for (; next.done !== true; next = await statement.next()) {
      count += next.value.rows.length + next.value.bad.length;
      for (const stated of next.value.rows) {
        const row = bookRowOf(book.exchange, stated);
        if (row.businessDate < set.since) continue;
        if (set.counter !== undefined && row.home !== set.counter && row.host !== set.counter) continue;
        const ordinal = (seen.get(row.dealId) ?? 0) + 1;
        seen.set(row.dealId, ordinal);
        rows.push(standingRow(row, ordinal, set.form));
      }
    }
    if (!next.value.ok) throw new UnreadableBook(next.value.refusals[0]?.en ?? '');
    const { date, count: stated, isDigestRight } = next.value.value;
    // Half a book is worse than none: everything missing from it would look like a difference.
    if (stated !== count || !isDigestRight) throw new UnreadableBook(`${date} is not whole`);
  }
  return rows;
}

/** What is compared of a row, and no more: it is kept while the set is. */
function standingRow(row: BookRow, ordinal: number, form: StandingForm): StandingRow {
  const { dealId, home, host, state, buyer, seller, priceFen, feeFen, businessDate } = row;
  const fee = form === 'stated' ? feeFen : null;
  return { dealId, ordinal, home, host, state, buyer, seller, priceFen, feeFen: fee, businessDate };
}

function bringUp(kept: Kept, rows: readonly StandingRow[], { form }: StandingSet): void {
  const gone = new Set(kept.ofDeal.keys());
  for (const row of rows) {
    const deal = `${row.ordinal} ${row.dealId}`;
    gone.delete(deal);
    const before = kept.ofDeal.get(deal);
    if (before !== undefined && isSame(before.row, row)) continue;
    if (before !== undefined) takeAway(kept, before);
    const symbol = symbolOf(kept.session, canonicalRow(row, form));
    toggle(kept.sketch, symbol, 1);
    const now = { row, symbol: keyOfSymbol(symbol) };
    kept.ofDeal.set(deal, now);
    kept.ofSymbol.set(now.symbol, now);
  }
  for (const deal of gone) {
    takeAway(kept, kept.ofDeal.get(deal)!);
    kept.ofDeal.delete(deal);
  }
}

function takeAway({ sketch, ofSymbol }: Kept, { symbol }: KeptRow): void {
  toggle(sketch, symbolIn(symbol), -1);
  ofSymbol.delete(symbol);
}

/** Of the same deal: whether all that either form compares is as before. */
function isSame(one: StandingRow, other: StandingRow): boolean {
  return (
    one.priceFen === other.priceFen &&
    one.feeFen === other.feeFen &&
    one.state === other.state &&
    one.buyer === other.buyer &&
    one.seller === other.seller &&
    one.businessDate === other.businessDate &&
    one.host === other.host &&
    one.home === other.home
  );
}

function keyOfSymbol(symbol: Uint8Array): string {
  return Buffer.from(symbol.buffer, symbol.byteOffset, symbol.byteLength).toString('latin1');
}

function symbolIn(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}
