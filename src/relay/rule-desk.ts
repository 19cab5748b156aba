import type { Exchange } from '../contract/exchange.ts';
import type { Listing, Party } from '../contract/message.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { Cited } from '../journal/standing.ts';
import type { Decision } from '../rules/decide.ts';

/** The rulebooks in force, as the relay asks them. One desk answers from one set of rulebooks until it is replaced. */
export interface RuleDesk {
  /** `lastSoldOn`: when the same asset last changed hands, for the ban on quick resale. */
  decide(listing: Listing, host: Exchange, atMs: number, lastSoldOn?: string): Decision;
  /** Why a buyer at that host is not admitted, by the rulebooks that the listing is shown under; empty when he is. */
  admitBuyer(listing: Listing, buyer: Party, host: Exchange, atMs: number, under?: Cited): readonly Refusal[];
  /** SHA-256 (hex) of the exchange's rulebook in force; what envelopes cite. */
  citation(exchange: Exchange, atMs: number): string;
  /** The first date after that day on which another rulebook of one of these exchanges comes into force. */
  nextChangeOn(exchanges: readonly Exchange[], atMs: number): string | undefined;
  /** RFC 3339 +08:00. */
  instant(atMs: number): string;
}
