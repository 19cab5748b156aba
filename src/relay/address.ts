import { type Exchange, exchangeOf, idOf } from '../contract/exchange.ts';
import type { ListingRef, Message } from '../contract/message.ts';
import type { Numbered } from '../journal/numbers.ts';

/** A thing that an exchange must have numbered before it can be told about it. */
export interface NumberNeed {
  readonly exchange: Exchange;
  readonly kind: Numbered;
  readonly id: string;
}

/** Ids in a message that the recipient knows under numbers of its own. */
export function numberNeeds(message: Message, to: Exchange): readonly NumberNeed[] {
  const foreign = (kind: Numbered, id: string): readonly NumberNeed[] =>
    exchangeOf(id) === to ? [] : [{ exchange: to, kind, id }];
  const listing = (ref: ListingRef) => ('id' in ref ? foreign('listing', ref.id) : []);
  switch (message.kind) {
    case 'listing':
      return foreign('listing', message.id);
    case 'listing-state':
    case 'interest':
    case 'bid':
      return listing(message.listing);
    case 'deal':
      return [...listing(message.listing), ...foreign('deal', message.id)];
    case 'interest-decision':
      return foreign('interest', message.interest);
    case 'deal-confirmed':
      return foreign('deal', message.deal);
    case 'funds':
      return message.deal === undefined ? foreign('interest', message.interest ?? '') : foreign('deal', message.deal);
    default:
      return [];
  }
}

export interface Addressed {
  readonly message: Message;
  /** The number under which the recipient already shows the listing (a new version replaces it). */
  readonly mirror?: string;
  /** What the recipient has no number for, so that it cannot be told yet. */
  readonly missing?: NumberNeed;
}

/** The message in the recipient's own numbers. */
export function address(
  message: Message,
  to: Exchange,
  numberOf: (exchange: Exchange, kind: Numbered, id: string) => string | undefined,
): Addressed {
  let missing: NumberNeed | undefined;
  const own = (kind: Numbered, id: string): string => {
    if (exchangeOf(id) === to) return id;
    const number = numberOf(to, kind, id);
    if (number === undefined) missing ??= { exchange: to, kind, id };
    return number === undefined ? id : idOf(to, number);
  };
  const listing = (ref: ListingRef): ListingRef => {
    if (!('id' in ref) || exchangeOf(ref.id) === to) return ref;
    const { id, ...rest } = ref;
    return { mirror: own('listing', id), ...rest };
  };
  const addressed = ((): Message => {
    switch (message.kind) {
      case 'listing-state':
      case 'interest':
      case 'bid':
      case 'deal':
        return { ...message, listing: listing(message.listing) };
      case 'interest-decision':
        return { ...message, interest: own('interest', message.interest) };
      case 'deal-confirmed':
        return { ...message, deal: own('deal', message.deal) };
      case 'funds':
        if (message.deal !== undefined) return { ...message, deal: own('deal', message.deal) };
        return message.interest === undefined ? message : { ...message, interest: own('interest', message.interest) };
      default:
        return message;
    }
  })();
  if (missing !== undefined) return { message: addressed, missing };
  const mirror = message.kind === 'listing' ? numberOf(to, 'listing', message.id) : undefined;
  return mirror === undefined ? { message: addressed } : { message: addressed, mirror };
}

/** What the recipient numbers when it accepts a message of that kind. */
export function numberedBy(message: Message): { readonly kind: Numbered; readonly id: string } | undefined {
  switch (message.kind) {
    case 'listing':
    case 'interest':
    case 'bid':
    case 'deal':
    case 'funds':
      return { kind: message.kind, id: message.id };
    default:
      return undefined;
  }
}
