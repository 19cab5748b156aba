import type { Exchange } from '../contract/exchange.ts';
import type { Bid, Interest, InterestDecision, Listing, ListingRef, Party } from '../contract/message.ts';
import { fenOf } from '../contract/money.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import { admittedKey, citedKey, type ListingStanding } from '../journal/standing.ts';
import {
  buyerKeyOf,
  type Effect,
  early,
  isOpen,
  listingStream,
  type StepContext,
  type Stepped,
  turned,
} from './step.ts';

/** A buyer at a host wants a listing: the host's and the home's rules on buyers apply, then the home decides. */
export function stepInterest(interest: Interest, context: StepContext): Stepped {
  const { standing, sender, messageId } = context;
  if (interest.host !== sender) return turned(refuse('not-yours', '/host', interest.host));
  const at = shownListing(interest.listing, sender, context);
  if ('ok' in at) return at;
  if (standing.interests.has(interest.id)) return turned(refuse('id-conflict', '/id', interest.id));
  const refusals = [...openFor(at.standing), ...buyerRefusals(at.content, interest.buyer, sender, context)];
  if (refusals.length > 0) return turned(...refusals);
  standing.interests.set(interest.id, {
    id: interest.id,
    listing: at.standing.id,
    host: sender,
    buyerKey: buyerKeyOf(interest.buyer),
    status: 'registered',
    message: messageId,
  });
  standing.changed.interests.add(interest.id);
  return { ok: true, effects: [toHome({ ...interest, listing: refOf(at.standing) }, at.standing, context)] };
}

/** The home accepts or declines a buyer, once. */
export function stepInterestDecision(decision: InterestDecision, context: StepContext): Stepped {
  const { standing, sender } = context;
  const interest = standing.interests.get(decision.interest);
  if (interest === undefined) return early('/interest', decision.interest);
  const listing = standing.listings.get(interest.listing);
  if (listing?.home !== sender) return turned(refuse('not-yours', '/interest', decision.interest));
  if (interest.status !== 'registered') return turned(refuse('state-forbids', '/result', interest.status));
  interest.status = decision.result;
  standing.changed.interests.add(interest.id);
  if (decision.result === 'accepted') standing.admitted.add(admittedKey(listing.id, interest.host, interest.buyerKey));
  return {
    ok: true,
    effects: [
      {
        message: decision,
        issuer: sender,
        audience: [interest.host],
        listing: listing.id,
        stream: listingStream(listing.id),
        to: [interest.host],
        decisions: [],
      },
    ],
  };
}

const BIDDING: readonly Listing['mode'][] = ['bidding', 'tender', 'auction'];

/** A one-off price of an admitted buyer. There is no order book (国发〔2011〕38号, 国办发〔2012〕37号): the home opens the bids and awards. */
export function stepBid(bid: Bid, context: StepContext): Stepped {
  const { standing, sender, messageId } = context;
  if (bid.host !== sender) return turned(refuse('not-yours', '/host', bid.host));
  const at = shownListing(bid.listing, sender, context);
  if ('ok' in at) return at;
  const refusals = openFor(at.standing);
  if (standing.known.has(bid.id)) refusals.push(refuse('id-conflict', '/id', bid.id));
  if (!BIDDING.includes(at.content.mode)) refusals.push(refuse('bid-forbidden', '/listing', at.content.mode));
  if (!standing.admitted.has(admittedKey(at.standing.id, sender, buyerKeyOf(bid.buyer)))) {
    refusals.push(refuse('state-forbids', '/buyer', 'interest: accepted'));
  }
  const { price } = at.content;
  // 拍卖法 Art. 50: a bid below the reserve is void.
  if (price.kind === 'reserve' && price.amount !== undefined && fenOf(bid.amount) < fenOf(price.amount)) {
    refusals.push(refuse('rule-refused', '/amount', `< ${price.amount.amount}`));
  }
  if (refusals.length > 0) return turned(...refusals);
  standing.known.add(bid.id);
  standing.changed.bids.push({
    id: bid.id,
    listing: at.standing.id,
    host: sender,
    amountFen: fenOf(bid.amount),
    message: messageId,
  });
  return { ok: true, effects: [toHome({ ...bid, listing: refOf(at.standing) }, at.standing, context)] };
}

interface Shown {
  readonly standing: ListingStanding;
  readonly content: Listing;
}

function shownListing(ref: ListingRef, host: Exchange, context: StepContext): Shown | Stepped {
  const id = 'id' in ref ? ref.id : ref.mirror;
  const standing = context.standing.listings.get(id);
  if (standing === undefined) return early('/listing', id);
  if (standing.home === host) return turned(refuse('not-yours', '/listing', id));
  if (standing.content === undefined) throw new Error(`assertion: content of ${id} was not loaded`);
  // What is not shown there any more cannot be asked for there.
  if (!standing.hosts.includes(host)) return turned(refuse('state-forbids', '/listing', standing.status));
  return { standing, content: standing.content };
}

function openFor(listing: ListingStanding): Refusal[] {
  return isOpen(listing.status) ? [] : [refuse('state-forbids', '/listing', listing.status)];
}

function buyerRefusals(listing: Listing, buyer: Party, host: Exchange, context: StepContext): readonly Refusal[] {
  const under = context.standing.cited.get(citedKey(listing.id, host));
  return context.rules.admitBuyer(listing, buyer, host, context.atMs, under);
}

function refOf(listing: ListingStanding): ListingRef {
  return { id: listing.id, version: listing.version };
}

function toHome(message: Interest | Bid, listing: ListingStanding, context: StepContext): Effect {
  return {
    message,
    issuer: context.sender,
    audience: [listing.home],
    listing: listing.id,
    stream: listingStream(listing.id),
    to: [listing.home],
    decisions: [],
  };
}
