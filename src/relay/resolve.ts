import { type Exchange, exchangeOf, nativeIdOf } from '../contract/exchange.ts';
import type { ListingRef, Message } from '../contract/message.ts';
import type { Numbered } from '../journal/numbers.ts';
import type { Wanted } from '../journal/standing.ts';

/** A reference by which an exchange may mean its own number for what belongs to another. */
export interface NumberRef {
  readonly exchange: Exchange;
  readonly kind: Numbered;
  readonly number: string;
}

/** The references in a message that may be numbers of its sender. */
export function numberRefs(message: Message): readonly NumberRef[] {
  switch (message.kind) {
    case 'interest':
    case 'bid':
    case 'listing-state':
      return 'mirror' in message.listing ? [refTo('listing', message.listing.mirror)] : [];
    case 'interest-decision':
      return [refTo('interest', message.interest)];
    case 'deal-confirmed':
      return [refTo('deal', message.deal)];
    case 'funds':
      if (message.deal !== undefined) return [refTo('deal', message.deal)];
      return message.interest === undefined ? [] : [refTo('interest', message.interest)];
    default:
      return [];
  }
}

function refTo(kind: Numbered, id: string): NumberRef {
  return { exchange: exchangeOf(id), kind, number: nativeIdOf(id) };
}

/** Numbers → ids, as {@link numberRefs} asked for them. */
export type IdOf = (exchange: string, kind: Numbered, number: string) => string | undefined;

/** The message with every number of its sender replaced by the id it stands for; unknown ones stay as they are. */
export function resolve(message: Message, idOf: IdOf): Message {
  const known = (kind: Numbered, id: string) => idOf(exchangeOf(id), kind, nativeIdOf(id));
  switch (message.kind) {
    case 'interest':
    case 'bid':
      return { ...message, listing: resolveListing(message.listing, known) };
    case 'interest-decision':
      return { ...message, interest: known('interest', message.interest) ?? message.interest };
    case 'deal-confirmed':
      return { ...message, deal: known('deal', message.deal) ?? message.deal };
    case 'funds':
      return {
        ...message,
        ...(message.deal === undefined ? {} : { deal: known('deal', message.deal) ?? message.deal }),
        ...(message.interest === undefined
          ? {}
          : { interest: known('interest', message.interest) ?? message.interest }),
      };
    default:
      return message;
  }
}

function resolveListing(ref: ListingRef, known: (kind: Numbered, id: string) => string | undefined): ListingRef {
  if (!('mirror' in ref)) return ref;
  const id = known('listing', ref.mirror);
  return id === undefined ? ref : { id };
}

/** Adds what must be read before a (resolved) message can take effect. */
export function want(message: Message, wanted: Wanted): void {
  switch (message.kind) {
    case 'listing':
      wanted.listings.add(message.id);
      break;
    case 'listing-state':
      wantListing(message.listing, wanted, false);
      break;
    case 'interest':
      wanted.interests.add(message.id);
      wantListing(message.listing, wanted, true);
      break;
    case 'bid':
      wanted.known.add(message.id);
      wantListing(message.listing, wanted, true);
      break;
    case 'interest-decision':
      wanted.interests.add(message.interest);
      break;
    case 'deal':
      wanted.deals.add(message.id);
      wantListing(message.listing, wanted, true);
      break;
    case 'deal-confirmed':
      wanted.deals.add(message.deal);
      break;
    case 'funds':
      wanted.known.add(message.id);
      if (message.deal !== undefined) wanted.deals.add(message.deal);
      if (message.interest !== undefined) wanted.interests.add(message.interest);
      break;
    default:
  }
}

function wantListing(ref: ListingRef, wanted: Wanted, content: boolean): void {
  const id = 'id' in ref ? ref.id : ref.mirror;
  wanted.listings.add(id);
  if (content) wanted.content.add(id);
}
