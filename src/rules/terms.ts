import type { Json } from '../contract/json.ts';
import type { Listing } from '../contract/message.ts';
import type { Provenance, ValueOf } from './clause.ts';
import type { IssueCode } from './issue.ts';

/** One term in force at the host: its value, and whose rule makes it so. */
export interface Term<V = unknown> {
  readonly value: V;
  readonly from: 'statute' | 'regime' | 'home' | 'host' | 'strictest';
  readonly clause: string;
  readonly provenance: Provenance;
}

export interface DisclosureTerm extends Term<Listing['disclosure']> {
  /** The last day of disclosure: the latest of what the listing says, the statute, the home and the host ask for. */
  readonly endsOn: string;
}

/**
 * The terms in force at the host, one for each dimension (domain §8): the statutory floor first, then the regime that
 * travels with the asset, then the home's, the host's or the strictest rule. A term of a book not in force is absent.
 */
export interface Terms {
  regime?: Term<Listing['regime']>;
  disclosure?: DisclosureTerm;
  notice?: Term<{ readonly days: number; readonly dayKind: string; readonly endsOn?: string }>;
  calendar?: Term<ValueOf<'calendar'>>;
  startDay?: Term<ValueOf<'start-day'>>;
  extension?: Term<ValueOf<'extension'>>;
  changeOfTerms?: Term<ValueOf<'change-of-terms'>>;
  mode?: Term<string>;
  objectType?: Term<string>;
  dealType?: Term<string>;
  priceKind?: Term<string>;
  /** null: the listing asks for no deposit. */
  deposit?: Term<Listing['deposit'] | null>;
  depositCap?: Term<ValueOf<'deposit-cap'>>;
  depositReturn?: Term<ValueOf<'deposit-return'>>;
  paymentDays?: Term<ValueOf<'payment-days'>>;
  instalments?: Term<ValueOf<'instalments'>>;
  soeLicence?: Term<ValueOf<'soe-licence'>>;
  foreignParty?: Term<ValueOf<'foreign-party'>>;
  hkMoTwParty?: Term<ValueOf<'hk-mo-tw-party'>>;
  naturalPersonBuyer?: Term<ValueOf<'natural-person-buyer'>>;
  /** What the seller pays, at home. */
  sellerFee?: Term<ValueOf<'fees'>>;
  /** What the buyer pays, at the host. */
  buyerFee?: Term<ValueOf<'fees'>>;
  retention?: Term<ValueOf<'retention'>>;
  cutOff?: Term<ValueOf<'cut-off'>>;
  hours?: Term<ValueOf<'hours'>>;
  redLines?: Term<ValueOf<'red-lines'>>;
  export?: Term<Listing['export']>;
}

/** A change without which the host must not show the listing. */
export interface Change {
  /** RFC 6901 pointer into the listing. */
  readonly pointer: string;
  /** null: absent so far. */
  readonly from: Json;
  readonly to: Json;
  /** The code of the issue that asks for it. */
  readonly because: IssueCode;
  readonly clause: string;
}

/** The listing as the host shows it: the last day of disclosure and the deposit in force, days counted anew. */
export function termsApplied(listing: Listing, decision: { readonly terms: Readonly<Terms> }): Listing {
  const { disclosure, deposit } = decision.terms;
  return {
    ...listing,
    ...(disclosure === undefined ? {} : { disclosure: disclosure.value }),
    ...(deposit?.value == null ? {} : { deposit: deposit.value }),
  };
}
