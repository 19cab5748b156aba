import type { BookEntry } from '../../../src/contract/mock.ts';
import type { Said } from './message.ts';

/** Everything the mock exchange holds: its own things, and what came from others through the gateway. */
export interface Floor {
  readonly listings: Map<string, { version: number; mode: string; state: string }>;
  readonly mirrors: Map<string, { readonly home: string; version: number; state: string }>;
  /** `CTEX TJ2026-1` → its number here; mirrors, interests, bids, deals and funds alike, by type. */
  readonly numberOf: Map<string, string>;
  /** Interests of our own buyers. */
  readonly interests: Map<string, { decided?: string }>;
  readonly deals: Map<string, Trade>;
  readonly dealsOfDay: Map<string, string[]>;
  /** Our own messages by their id, until they are answered. */
  readonly received: Map<string, BookEntry>;
  readonly effects: Map<string, number>;
  readonly turnedDown: { readonly key: string; readonly code: string; readonly text: string }[];
  /** First answer to every request, and what the request held. */
  readonly answers: Map<string, { readonly digest: string; readonly reply: Said; readonly seq: number }>;
  last: number;
}

/** A deal in the books: our own, or another exchange's for one of our buyers. */
export interface Trade {
  readonly number: string;
  /** The other home and its own number, where SZSE is the host. */
  readonly home?: { readonly exchange: string; readonly number: string };
  readonly counter: string;
  readonly listing: string;
  version: number;
  /** 1 signed 2 certified 3 cancelled */
  state: '1' | '2' | '3';
  readonly buyerCode: string;
  readonly sellerCode: string;
  readonly priceFen: bigint;
  readonly feeFen: bigint;
  /** `20260302` */
  readonly day: string;
  paidFen: bigint;
  /** Own deals: the fields that every later message about them repeats. */
  readonly fields: readonly (readonly [number, string | bigint | undefined])[];
  certificate?: string;
}

export function openFloor(): Floor {
  return {
    listings: new Map(),
    mirrors: new Map(),
    numberOf: new Map(),
    interests: new Map(),
    deals: new Map(),
    dealsOfDay: new Map(),
    received: new Map(),
    effects: new Map(),
    turnedDown: [],
    answers: new Map(),
    last: 0,
  };
}

/** Our own next number of that kind: `JX0000000001`. */
export function nextNumber(floor: Floor, kind: 'JX' | 'YX' | 'BJ' | 'DJ' | 'ZJ'): string {
  floor.last++;
  // Deals of others and of our own share one number range; others' stand from 5,000,000 on.
  return `${kind}${String(kind === 'DJ' ? 5_000_000 + floor.last : floor.last).padStart(10, '0')}`;
}

export function enter(floor: Floor, trade: Trade): void {
  floor.deals.set(trade.number, trade);
  const day = floor.dealsOfDay.get(trade.day);
  if (day === undefined) floor.dealsOfDay.set(trade.day, [trade.number]);
  else day.push(trade.number);
}
