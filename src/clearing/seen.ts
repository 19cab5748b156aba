import type { Further } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { RowState } from './row.ts';

/** One deal as one book, or the journal, has it. */
export interface SeenRow {
  readonly home: Exchange;
  readonly host: Exchange;
  readonly state: RowState;
  readonly buyer: string;
  readonly seller: string;
  readonly priceFen: bigint;
  readonly feeFen: bigint;
  readonly businessDate: string;
  readonly listing?: string;
  readonly nativeNumber: string;
  readonly line: number;
  readonly further?: Further;
}

export interface SeenInBook extends SeenRow {
  /** The same deal again in the same book. */
  readonly again: readonly { readonly line: number; readonly priceFen: bigint }[];
}

export interface SeenInJournal extends SeenRow {
  readonly homeFeeFen: bigint;
  readonly hostFeeFen: bigint;
  readonly inFlight: boolean;
}

/** The three columns of one deal: A the home's book, G the journal, B the host's book; at least one is there. */
export interface SeenDeal {
  readonly dealId: string;
  readonly a: SeenInBook | undefined;
  readonly g: SeenInJournal | undefined;
  readonly b: SeenInBook | undefined;
}

/** The journal's word on who the two are, then the home's, then the host's. */
export function pairOf({ a, b, g }: SeenDeal): { readonly home: Exchange; readonly host: Exchange } {
  const { home, host } = (g ?? a ?? b)!;
  return { home, host };
}
