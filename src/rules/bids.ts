import type { Listing } from '../contract/message.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';

/** Modes in which buyers compete by one-off prices. There is no order book in any of them (国发〔2011〕38号). */
const COMPETITIVE: readonly Listing['mode'][] = ['auction', 'bidding', 'tender'];

/** Why a bid cannot be taken for that listing, or undefined. */
export function refuseBid(listing: Pick<Listing, 'mode' | 'status'>): Refusal | undefined {
  if (!COMPETITIVE.includes(listing.mode)) return refuse('bid-forbidden', '/listing', listing.mode);
  return listing.status === 'published' ? undefined : refuse('state-forbids', '/listing', listing.status);
}
