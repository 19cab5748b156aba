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
 * The terms in force at the host, one for each dimension (docs/decisions/0008): the statutory floor first, then the regime that
 * travels with the asset, then the home's, the host's or the strictest rule. A term of a book not in force is absent.
 */
export interface Terms {
  regime?: Term<Listing['regime']> | undefined;
  disclosure?: DisclosureTerm | undefined;
  notice?: Term<{ readonly days: number; readonly dayKind: string; readonly endsOn?: string }> | undefined;
  calendar?: Term<ValueOf<'calendar'>> | undefined;
  startDay?: Term<ValueOf<'start-day'>> | undefined;
  extension?: Term<ValueOf<'extension'>> | undefined;
  changeOfTerms?: Term<ValueOf<'change-of-terms'>> | undefined;
  mode?: Term<string> | undefined;
  objectType?: Term<string> | undefined;
  dealType?: Term<string> | undefined;
  priceKind?: Term<string> | undefined;
  /** null: the listing asks for no deposit. */
  deposit?: Term<Listing['deposit'] | null> | undefined;
  depositCap?: Term<ValueOf<'deposit-cap'>> | undefined;
  depositReturn?: Term<ValueOf<'deposit-return'>> | undefined;
  paymentDays?: Term<ValueOf<'payment-days'>> | undefined;
  instalments?: Term<ValueOf<'instalments'>> | undefined;
  soeLicence?: Term<ValueOf<'soe-licence'>> | undefined;
  foreignParty?: Term<ValueOf<'foreign-party'>> | undefined;
  hkMoTwParty?: Term<ValueOf<'hk-mo-tw-party'>> | undefined;
  naturalPersonBuyer?: Term<ValueOf<'natural-person-buyer'>> | undefined;
  /** What the seller pays, at home. */
  sellerFee?: Term<ValueOf<'fees'>> | undefined;
  /** What the buyer pays, at the host. */
  buyerFee?: Term<ValueOf<'fees'>> | undefined;
  retention?: Term<ValueOf<'retention'>> | undefined;
  cutOff?: Term<ValueOf<'cut-off'>> | undefined;
  hours?: Term<ValueOf<'hours'>> | undefined;
  redLines?: Term<ValueOf<'red-lines'>> | undefined;
  export?: Term<Listing['export']> | undefined;
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
