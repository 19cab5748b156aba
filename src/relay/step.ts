import type { Exchange, Participant } from '../contract/exchange.ts';
import type { Deal, Listing, ListingState, Message, Party } from '../contract/message.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import type { DealStanding, Standing } from '../journal/standing.ts';
import type { Decision } from '../rules/decide.ts';
import type { RuleDesk } from './rule-desk.ts';

/** One message that is to be journaled, and where it goes. */
export interface Effect {
  readonly message: Message;
  readonly issuer: Participant;
  readonly audience: readonly Participant[];
  /** The listing it is about: everything about one listing reaches one exchange in order. */
  readonly listing: string;
  readonly stream: string;
  /** Exchanges to which it is delivered now. */
  readonly to: readonly Exchange[];
  /** What the rules said for each host (listings only). */
  readonly decisions: readonly HostDecision[];
  /** The deal that it confirms: the message whose exact payload both exchanges sign, and the digest of that. */
  readonly cosigns?: {
    readonly message: string;
    readonly digest: string;
    readonly home: Exchange;
    readonly host: Exchange;
  };
}

export interface HostDecision {
  readonly host: Exchange;
  readonly decision: Decision;
}

/** What one message does: it takes effect (and may make the gateway speak too), is refused, or came too early. */
export type Stepped =
  | { readonly ok: true; readonly effects: readonly Effect[] }
  | { readonly ok: false; readonly refusals: readonly Refusal[] }
  | { readonly ok: 'early'; readonly refusals: readonly Refusal[] };

/** What a step may look at besides the standing. */
export interface StepContext {
  readonly sender: Exchange;
  readonly standing: Standing;
  readonly rules: RuleDesk;
  readonly exchanges: readonly Exchange[];
  readonly atMs: number;
  /** When the exchange says it happened, where its transport may reorder. */
  readonly sentAtMs?: number;
  /** The id the message will have, and the digest (hex) of its content, for versions. */
  readonly messageId: string;
  readonly digest: string;
  /** Whether both exchanges' signatures stand under exactly the version in force. */
  isCosigned(deal: DealStanding): boolean;
  /** SHA-256 (hex) of a payload as it will be sealed. */
  digestOf(payload: object): string;
}

export function turned(...refusals: readonly Refusal[]): Stepped {
  return { ok: false, refusals };
}

/** What it refers to is not known (yet): over an unordered transport it may still be on its way. */
export function early(pointer: string, detail: string): Stepped {
  return { ok: 'early', refusals: [refuse('reference-unknown', pointer, detail)] };
}

export function listingStream(id: string): string {
  return `listing/${id}`;
}

export function dealStream(id: string): string {
  return `deal/${id}`;
}

/** Who a buyer is, across messages: the 统一社会信用代码 where there is one, else name and country. */
export function buyerKeyOf(party: Party): string {
  return party.uscc ?? `${party.name}/${party.country}`;
}

/** What a deal on a listing takes: the listing and every registered IP right in it. */
export function assetsOf(listing: Listing): readonly string[] {
  return [`listing:${listing.id}`, ...rightsOf(listing)];
}

export function rightsOf(listing: Listing): readonly string[] {
  const rights = listing.object.ip.flatMap(({ type, number }) =>
    number === undefined ? [] : [`ip:${type}:${number}`],
  );
  return [...new Set(rights)];
}

/** A deal that no longer holds its asset. */
export function isUndone(status: Deal['status']): boolean {
  return status === 'cancelled' || status === 'reversed';
}

export function isOpen(status: ListingState['status']): boolean {
  return status === 'published';
}
