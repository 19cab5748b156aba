import type {
  Bid,
  Deal,
  DealConfirmed,
  Funds,
  Interest,
  InterestDecision,
  Listing,
  ListingMirrored,
  ListingState,
  Statement,
} from './generated/messages.ts';

export type {
  Bid,
  Deal,
  DealConfirmed,
  Funds,
  Interest,
  InterestDecision,
  Listing,
  ListingIp,
  ListingMirrored,
  ListingRef,
  ListingState,
  Party,
  Payment,
  Statement,
} from './generated/messages.ts';

/** One unified message, told apart by `kind`. A rulebook is a message too, but only the rules room reads it. */
export type Message =
  | Listing
  | ListingState
  | ListingMirrored
  | Interest
  | InterestDecision
  | Bid
  | Deal
  | DealConfirmed
  | Funds
  | Statement;

export type Kind = Message['kind'];

/** Every kind an exchange's own message can become, in the order of a trade's life. */
export const kinds: readonly Kind[] = [
  'listing',
  'listing-state',
  'listing-mirrored',
  'interest',
  'interest-decision',
  'bid',
  'deal',
  'deal-confirmed',
  'funds',
  'statement',
];

/** The version of the unified contract that envelopes carry. */
export const CONTRACT_VERSION = '1.0';
