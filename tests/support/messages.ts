import type fc from 'fast-check';
import { exchanges } from '../../src/contract/exchange.ts';
import type { Kind, Message } from '../../src/contract/message.ts';
import { deal } from './deal.ts';
import { limits, type MessageOptions } from './expressible.ts';
import { listing } from './listing.ts';
import {
  acrossExchanges,
  idAt,
  listingRef,
  made,
  name,
  oneExchange,
  ownNumber,
  party,
  text,
  version,
} from './parts.ts';
import * as values from './values.ts';

export { deal } from './deal.ts';
export type { MessageOptions } from './expressible.ts';
export { listing } from './listing.ts';

/**
 * Valid unified messages of every kind, for fast-check.
 *
 * Without `for`: all that the contract allows. With `for`: only what that exchange's messages can say without loss;
 * references stand as the gateway hands them to that exchange's encode (adapter.ts): `{ mirror: '<for>:…' }` where it
 * is the host, `{ id: '<for>:…' }` where it is the home, its own numbers for deals and interests. `extensions` is never
 * set, nor are the fields the profiles carry in the frame (listing-state.at, interest-decision.decidedAt).
 */
export type Of<K extends Kind> = Extract<Message, { kind: K }>;

/** A message of that kind. */
export function messageOf<K extends Kind>(kind: K, options: MessageOptions = {}): fc.Arbitrary<Of<K>> {
  return makers[kind](options) as fc.Arbitrary<unknown> as fc.Arbitrary<Of<K>>;
}
