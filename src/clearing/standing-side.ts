import type { Exchange } from '../contract/exchange.ts';
import type { StandingForm, StandingRow } from './standing-row.ts';

/** Which set is meant, and under which secret: the rows of business days from `since` on, in that form. */
export interface StandingSet {
  /** 32 bytes, chosen by who asks, new for each session. */
  readonly secret: Uint8Array;
  readonly since: string;
  readonly form: StandingForm;
  /** Only deals with that exchange; absent: with any. */
  readonly counter?: Exchange;
}

/**
 * The other side of a standing check: an exchange's own books, where they are. It answers what a set looks like, and shows
 * no row but those it is asked for by their symbols, which only who found them different knows.
 *
 * Every call may throw: the other side is silent, and is asked again at the next look.
 */
export interface StandingSide {
  /** Cells `from` up to `to`. Those from 0 on are of the books as they are now, those after it of the same moment. */
  sketch(set: StandingSet, from: number, to: number): Promise<{ readonly rows: number; readonly cells: Uint8Array }>;
  /** Every symbol of the set, as of the last `sketch` from 0 on: where too much differs for a sketch. */
  symbols(set: StandingSet): Promise<readonly Uint8Array[]>;
  /** The rows behind symbols, as of the last `sketch` from 0 on; of those it does not have, none. */
  rows(set: StandingSet, symbols: readonly Uint8Array[]): Promise<readonly SaidRow[]>;
}

export interface SaidRow {
  readonly symbol: Uint8Array;
  readonly row: StandingRow;
}
