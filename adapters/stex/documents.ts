import type { Mapping } from '../../src/contract/mapping.ts';
import type { Kind } from '../../src/contract/message.ts';
import { foreignConfirmation, foreignDeal, ownConfirmation, ownDeal } from './fields-deal.ts';
import { listingStateFields, mirroredListing, ownListing } from './fields-listing.ts';
import {
  foreignBid,
  foreignDecision,
  foreignFunds,
  foreignInterest,
  ownBid,
  ownDecision,
  ownFunds,
  ownInterest,
} from './fields-trade.ts';

/** One form of document: which LX it has, its content element and the table of its fields. */
export interface Form {
  readonly kind: Kind;
  readonly content: 'XM' | 'YX' | 'BJD' | 'CJ' | 'ZJ';
  /** LX of the document; of a listing and a deal chosen by version and status. */
  readonly types: readonly string[];
  readonly mapping: Mapping;
}

/** What STEX itself sends, and what is sent to STEX about another exchange's business. */
export interface Forms {
  readonly own: readonly Form[];
  readonly foreign: readonly Form[];
}

const state: Form = { kind: 'listing-state', content: 'XM', types: ['103'], mapping: listingStateFields };

export const forms: Forms = {
  own: [
    { kind: 'listing', content: 'XM', types: ['101', '102'], mapping: ownListing },
    state,
    { kind: 'interest', content: 'YX', types: ['201'], mapping: ownInterest },
    { kind: 'interest-decision', content: 'YX', types: ['202'], mapping: ownDecision },
    { kind: 'bid', content: 'BJD', types: ['203'], mapping: ownBid },
    { kind: 'deal', content: 'CJ', types: ['301', '302', '303'], mapping: ownDeal },
    { kind: 'deal-confirmed', content: 'CJ', types: ['304'], mapping: ownConfirmation },
    { kind: 'funds', content: 'ZJ', types: ['401'], mapping: ownFunds },
  ],
  foreign: [
    { kind: 'listing', content: 'XM', types: ['111'], mapping: mirroredListing },
    state,
    { kind: 'interest', content: 'YX', types: ['201'], mapping: foreignInterest },
    { kind: 'interest-decision', content: 'YX', types: ['202'], mapping: foreignDecision },
    { kind: 'bid', content: 'BJD', types: ['203'], mapping: foreignBid },
    { kind: 'deal', content: 'CJ', types: ['301', '302', '303'], mapping: foreignDeal },
    { kind: 'deal-confirmed', content: 'CJ', types: ['304'], mapping: foreignConfirmation },
    { kind: 'funds', content: 'ZJ', types: ['401'], mapping: foreignFunds },
  ],
};

/** 301 成交, 302 鉴证, 303 撤销: by the deal's state, which its ZT says as well. */
export const dealTypes: Readonly<Record<string, string>> = { concluded: '301', certified: '302', cancelled: '303' };
