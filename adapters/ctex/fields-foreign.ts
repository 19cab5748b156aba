import { code, numbered, text } from '../../src/contract/codecs.ts';
import { listingDerived } from '../../src/contract/derive.ts';
import type { Mapping, Row } from '../../src/contract/mapping.ts';
import type { Kind } from '../../src/contract/message.ts';
import { amountIn, day, numberedBeside, priceUnit, UNIT_KEPT, words } from './codecs.ts';
import { codes } from './codes.ts';
import {
  amountInYuan,
  clock,
  deal,
  kindOf,
  name,
  objectType,
  party,
  project,
  projectBlanks,
  published,
  version,
} from './fields.ts';

/**
 * What the gateway sends to CTEX: bodies of its POST and PUT requests without `requestId`, one table for each kind.
 * Where the profile leaves a body open, README.md says what was chosen.
 */

const number = numbered('ctex');
const otherExchange = code(codes.otherExchange);
const unit: Row = { native: 'priceUnit', unified: UNIT_KEPT, codec: priceUnit };

const listing: Mapping = {
  rows: [
    { native: 'homeExchange', unified: 'home', codec: otherExchange, need: true },
    { native: 'homeProjectNo', unified: 'nativeId', codec: text(64), need: true },
    { native: 'version', unified: 'version', codec: version, need: true },
    ...project('', false),
  ],
  derived: [published, objectType, ...listingDerived],
  blanks: projectBlanks(''),
};

const listingState: Mapping = {
  rows: [
    { native: 'mirrorNo', unified: 'listing.mirror', codec: number, need: true },
    { native: 'version', unified: 'listing.version', codec: version },
    { native: 'state', unified: 'status', codec: code(codes.mirrorState), need: true },
    { native: 'reason', unified: 'reason', codec: words(2000) },
  ],
};

const interest: Mapping = {
  rows: [
    { native: 'hostExchange', unified: 'host', codec: otherExchange, need: true },
    { native: 'hostIntentNo', unified: 'id', codec: numberedBeside('hostExchange'), need: true },
    { native: 'projectNo', unified: 'listing.id', codec: number, need: true },
    { native: 'version', unified: 'listing.version', codec: version },
    ...party('', 'buyer', false),
    unit,
    { native: 'offerPrice', unified: 'offer', codec: amountIn('priceUnit') },
    { native: 'submitTime', unified: 'registeredAt', codec: clock, need: true },
  ],
  derived: [kindOf('buyer')],
};

const interestDecision: Mapping = {
  rows: [
    { native: 'intentNo', unified: 'interest', codec: number, need: true },
    { native: 'homeExchange', unified: 'home', codec: otherExchange, need: true },
    { native: 'result', unified: 'result', codec: code(codes.intentResult), need: true },
    { native: 'reason', unified: 'reason', codec: words(2000) },
  ],
};

const bid: Mapping = {
  rows: [
    { native: 'hostExchange', unified: 'host', codec: otherExchange, need: true },
    { native: 'hostQuoteNo', unified: 'id', codec: numberedBeside('hostExchange'), need: true },
    { native: 'projectNo', unified: 'listing.id', codec: number, need: true },
    { native: 'version', unified: 'listing.version', codec: version },
    ...party('', 'buyer', false),
    unit,
    { native: 'price', unified: 'amount', codec: amountIn('priceUnit'), need: true },
    { native: 'quoteTime', unified: 'placedAt', codec: clock, need: true },
  ],
  derived: [kindOf('buyer')],
};

const foreignDeal: Mapping = {
  rows: [
    { native: 'homeExchange', unified: 'home', codec: otherExchange, need: true },
    { native: 'homeDealNo', unified: 'id', codec: numberedBeside('homeExchange'), need: true },
    { native: 'version', unified: 'version', codec: version, need: true },
    { native: 'mirrorNo', unified: 'listing.mirror', codec: number, need: true },
    ...deal('', false),
  ],
  // Only the exchange of the buyer, which shows the mirror, is sent the deal.
  derived: [{ unified: 'host', of: () => 'ctex' }, kindOf('seller'), kindOf('buyer')],
};

const dealConfirmed: Mapping = {
  rows: [
    { native: 'dealNo', unified: 'deal', codec: number, need: true },
    { native: 'hostExchange', unified: 'host', codec: otherExchange, need: true },
    { native: 'hostDealNo', unified: 'number', codec: text(64) },
    { native: 'version', unified: 'version', codec: version, need: true },
    { native: 'confirmTime', unified: 'confirmedAt', codec: clock },
  ],
};

/** `origin` stands for the exchange in front of the id; only the tables know it. */
const funds: Mapping = {
  rows: [
    { native: 'originExchange', unified: 'origin', codec: otherExchange, need: true },
    { native: 'originFundNo', unified: 'id', codec: numberedBeside('originExchange'), need: true },
    { native: 'dealNo', unified: 'deal', codec: number },
    { native: 'intentNo', unified: 'interest', codec: number },
    { native: 'type', unified: 'leg', codec: code(codes.fundType), need: true },
    { native: 'payer', unified: 'payer', codec: name, need: true },
    { native: 'payee', unified: 'payee', codec: name, need: true },
    { native: 'amount', unified: 'amount', codec: amountInYuan, need: true },
    { native: 'valueDate', unified: 'valueDate', codec: day, need: true },
    { native: 'bankSerial', unified: 'bankRef', codec: text(64), need: true },
  ],
};

export const foreign: Readonly<Partial<Record<Kind, Mapping>>> = {
  listing,
  'listing-state': listingState,
  interest,
  'interest-decision': interestDecision,
  bid,
  deal: foreignDeal,
  'deal-confirmed': dealConfirmed,
  funds,
};

/** How the requests are told apart: the first whose fields are all there. */
export const marks: readonly (readonly [Kind, readonly string[]])[] = [
  ['listing', ['homeProjectNo']],
  ['deal', ['homeDealNo']],
  ['funds', ['originFundNo']],
  ['interest', ['hostIntentNo']],
  ['bid', ['hostQuoteNo']],
  ['interest-decision', ['intentNo', 'result']],
  ['listing-state', ['mirrorNo', 'state']],
  ['deal-confirmed', ['dealNo', 'hostExchange']],
];
