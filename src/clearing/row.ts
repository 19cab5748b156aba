import type { Further } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Deal } from '../contract/message.ts';

/** Whose word a row is: that of one of the three books, or of the journal. */
export type Side = Exchange | 'journal';

/** What the three exchanges and the journal can all say of a deal; their own words fold into these (the profiles' "Day-end books"). */
export type RowState = 'signed' | 'certified' | 'cancelled';

/**
 * One deal as one book has it, in the one form in which all books are compared.
 *
 * Of the presence bits (A, B, G) a row of the home's book is A, of the host's B, of the journal G. Amounts are fen.
 */
export interface BookRow {
  readonly side: Side;
  /** `<home>:<home's deal number>`. */
  readonly dealId: string;
  /** 1; 2, 3… where the same book has the same deal again, in the order of its lines. */
  readonly ordinal: number;
  readonly home: Exchange;
  readonly host: Exchange;
  /** What the book's owner says it is in this deal; null in the journal. */
  readonly role: 'home' | 'host' | null;
  readonly state: RowState;
  /** Party codes, as in the books. */
  readonly buyer: string;
  readonly seller: string;
  readonly priceFen: bigint;
  /** That exchange's own fees on the deal; of a journal row homeFeeFen + hostFeeFen. */
  readonly feeFen: bigint;
  /** The fees of either exchange; only the journal knows both. */
  readonly homeFeeFen?: bigint;
  readonly hostFeeFen?: bigint;
  /** `YYYY-MM-DD`; in the journal the +08:00 date on which the deal was concluded. */
  readonly businessDate: string;
  /** Only the journal says it: the other exchange has not confirmed yet, so that books may still lack the deal. */
  readonly inFlight: boolean;
  /** `<home>:<native number>`; the exchanges' own books do not say it. */
  readonly listing?: string;
  /** What the exchanges' own books do not say either; absent where every deal has it so. */
  readonly further?: Further;
  /** The number under which this book's owner keeps the deal. */
  readonly nativeNumber: string;
  /** Where it stands in its source, from 1: the line of a file, the row of a document. */
  readonly line: number;
}

/** States of a unified deal as books say them; a deal `concluded` is signed at home and still in flight. */
export const rowStateOfDeal = {
  concluded: 'signed',
  confirmed: 'signed',
  funded: 'signed',
  certified: 'certified',
  'ip-recorded': 'certified',
  registered: 'certified',
  settled: 'certified',
  cancelled: 'cancelled',
  reversed: 'cancelled',
} as const satisfies Record<Deal['status'], RowState>;
