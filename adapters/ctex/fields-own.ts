import { code, numbered, text } from '../../src/contract/codecs.ts';
import { listingDerived } from '../../src/contract/derive.ts';
import type { Derived, Mapping, Row } from '../../src/contract/mapping.ts';
import type { Kind } from '../../src/contract/message.ts';
import { amountIn, day, priceUnit, UNIT_KEPT, words } from './codecs.ts';
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

/** What CTEX itself sends: webhook events, one table for each kind. The event's own frame is kept in `extensions.ctex`. */

const number = numbered('ctex');

function event(type: Row): Row[] {
  return [
    { native: 'eventId', unified: 'extensions.ctex.event.id', codec: text(64), need: true },
    type,
    { native: 'occurTime', unified: 'extensions.ctex.event.at', codec: clock, need: true },
  ];
}

const EVENT_KINDS = Object.fromEntries(Object.keys(codes.eventKind).map((type) => [type, type]));
const plain = event({
  native: 'eventType',
  unified: 'extensions.ctex.event.type',
  codec: code(EVENT_KINDS),
  need: true,
});

const isHome: Derived = { unified: 'home', of: () => 'ctex' };
const isHost: Derived = { unified: 'host', of: () => 'ctex' };

const unit: Row = { native: 'data.priceUnit', unified: UNIT_KEPT, codec: priceUnit };

const listing: Mapping = {
  rows: [
    ...plain,
    { native: 'data.projectNo', unified: 'nativeId', codec: text(64), need: true },
    { native: 'data.version', unified: 'version', codec: version, need: true },
    ...project('data.', true),
  ],
  derived: [isHome, published, objectType, ...listingDerived],
  blanks: projectBlanks('data.'),
};

const listingState: Mapping = {
  rows: [
    ...event({ native: 'eventType', unified: 'status', codec: code(codes.stateEvent), need: true }),
    { native: 'data.projectNo', unified: 'listing.id', codec: number, need: true },
    { native: 'data.version', unified: 'listing.version', codec: version, need: true },
    { native: 'data.reason', unified: 'reason', codec: words(2000) },
  ],
};

const interest: Mapping = {
  rows: [
    ...plain,
    { native: 'data.intentNo', unified: 'id', codec: number, need: true },
    { native: 'data.mirrorNo', unified: 'listing.mirror', codec: number, need: true },
    ...party('data.', 'buyer', true),
    unit,
    { native: 'data.offerPrice', unified: 'offer', codec: amountIn('data.priceUnit') },
    { native: 'data.submitTime', unified: 'registeredAt', codec: clock, need: true },
  ],
  derived: [isHost, kindOf('buyer')],
};

const interestDecision: Mapping = {
  rows: [
    ...plain,
    { native: 'data.intentNo', unified: 'interest', codec: number, need: true },
    { native: 'data.result', unified: 'result', codec: code(codes.intentResult), need: true },
    { native: 'data.reason', unified: 'reason', codec: words(2000) },
  ],
  derived: [isHome],
};

const bid: Mapping = {
  rows: [
    ...plain,
    { native: 'data.quoteNo', unified: 'id', codec: number, need: true },
    { native: 'data.mirrorNo', unified: 'listing.mirror', codec: number, need: true },
    ...party('data.', 'buyer', true),
    unit,
    { native: 'data.price', unified: 'amount', codec: amountIn('data.priceUnit'), need: true },
    { native: 'data.quoteTime', unified: 'placedAt', codec: clock, need: true },
  ],
  derived: [isHost, kindOf('buyer')],
};

const ownDeal: Mapping = {
  rows: [
    ...plain,
    { native: 'data.dealNo', unified: 'id', codec: number, need: true },
    { native: 'data.version', unified: 'version', codec: version, need: true },
    { native: 'data.projectNo', unified: 'listing.id', codec: number },
    { native: 'data.mirrorNo', unified: 'listing.mirror', codec: number },
    ...deal('data.', true),
  ],
  derived: [isHome, kindOf('seller'), kindOf('buyer')],
};

const dealConfirmed: Mapping = {
  rows: [
    ...plain,
    { native: 'data.dealNo', unified: 'deal', codec: number, need: true },
    { native: 'data.homeDealNo', unified: 'homeNumber', codec: text(64) },
    { native: 'data.version', unified: 'version', codec: version, need: true },
    { native: 'data.confirmTime', unified: 'confirmedAt', codec: clock },
  ],
  derived: [isHost],
};

const funds: Mapping = {
  rows: [
    ...plain,
    { native: 'data.fundNo', unified: 'id', codec: number, need: true },
    { native: 'data.dealNo', unified: 'deal', codec: number },
    { native: 'data.intentNo', unified: 'interest', codec: number },
    { native: 'data.type', unified: 'leg', codec: code(codes.fundType), need: true },
    { native: 'data.payer', unified: 'payer', codec: name, need: true },
    { native: 'data.payee', unified: 'payee', codec: name, need: true },
    { native: 'data.amount', unified: 'amount', codec: amountInYuan, need: true },
    { native: 'data.valueDate', unified: 'valueDate', codec: day, need: true },
    { native: 'data.bankSerial', unified: 'bankRef', codec: text(64), need: true },
  ],
};

export const own: Readonly<Partial<Record<Kind, Mapping>>> = {
  listing,
  'listing-state': listingState,
  interest,
  'interest-decision': interestDecision,
  bid,
  deal: ownDeal,
  'deal-confirmed': dealConfirmed,
  funds,
};
