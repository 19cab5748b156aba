import { code } from '../../src/contract/codecs.ts';
import type { Mapping, Row } from '../../src/contract/mapping.ts';
import { buyerExchange, day, dealStatus, foreignId, kindIs, listingState, words } from './codecs.ts';
import { codes } from './codes.ts';
import { always, clientId, fen, kindOf, moment, own, party, plan, version } from './fields.ts';

/**
 * Everything but listings: own form is what SZSE sends, foreign form what the gateway sends to it. Things of another
 * exchange carry that exchange (20080) and its own number (20081); 60 is FIX's TransactTime (README, silent points).
 */

const anotherExchange = (unified: string): Row => ({
  native: '20080',
  unified,
  codec: code(codes.exchange),
  need: true,
});
const anotherId: Row = { native: '20081', unified: 'id', codec: foreignId, need: true };
const mirror: Row = { native: '20089', unified: 'listing.mirror', codec: own, need: true };
const listing: Row = { native: '20001', unified: 'listing.id', codec: own, need: true };
const listingVersion: Row = { ...version, unified: 'listing.version', need: false };
const reason: Row = { native: '58', unified: 'reason', codec: words };
const at = (unified: string, need: boolean): Row => ({ native: '60', unified, codec: moment, need });
const kind = (type: string, name: string): Row => ({ native: '35', unified: 'kind', codec: kindIs(type, name) });

const state: readonly Row[] = [
  kind('US', 'listing-state'),
  clientId,
  listingVersion,
  { native: '20004', unified: 'status', codec: listingState, need: true },
  reason,
  at('at', false),
];

export const ownState: Mapping = { rows: [listing, ...state] };
export const foreignState: Mapping = { rows: [mirror, ...state] };

const interest: readonly Row[] = [
  kind('UI', 'interest'),
  clientId,
  listingVersion,
  ...party('buyer'),
  { native: '20062', unified: 'offer', codec: fen },
  at('registeredAt', true),
];

export const ownInterest: Mapping = {
  rows: [{ native: '20060', unified: 'id', codec: own, need: true }, mirror, ...interest],
  derived: [always('host', 'szse'), kindOf('buyer')],
};
export const foreignInterest: Mapping = {
  rows: [anotherExchange('host'), anotherId, listing, ...interest],
  derived: [kindOf('buyer')],
};

const decision: readonly Row[] = [
  kind('UJ', 'interest-decision'),
  clientId,
  { native: '20060', unified: 'interest', codec: own, need: true },
  { native: '20061', unified: 'result', codec: code(codes.decision), need: true },
  reason,
  at('decidedAt', false),
];

export const ownDecision: Mapping = { rows: decision, derived: [always('home', 'szse')] };
export const foreignDecision: Mapping = { rows: [...decision, anotherExchange('home')] };

const bid: readonly Row[] = [
  kind('UB', 'bid'),
  clientId,
  listingVersion,
  ...party('buyer'),
  { native: '20069', unified: 'amount', codec: fen, need: true },
  at('placedAt', true),
];

export const ownBid: Mapping = {
  rows: [{ native: '20068', unified: 'id', codec: own, need: true }, mirror, ...bid],
  derived: [always('host', 'szse'), kindOf('buyer')],
};
export const foreignBid: Mapping = {
  rows: [anotherExchange('host'), anotherId, listing, ...bid],
  derived: [kindOf('buyer')],
};

/** Between the contract's list of fees and these rows stands splitFees. */
const deal: readonly Row[] = [
  clientId,
  version,
  { native: '20007', unified: 'dealType', codec: code(codes.dealType), need: true },
  { native: '20009', unified: 'mode', codec: code(codes.mode), need: true },
  ...party('seller'),
  ...party('buyer'),
  { native: '20071', unified: 'price', codec: fen, need: true },
  { native: '20072', unified: 'technologyAmount', codec: fen, need: true },
  plan,
  { native: '20073', unified: 'sellerFee', codec: fen },
  { native: '20074', unified: 'buyerFee', codec: fen },
  { native: '20075', unified: 'certificate', codec: words },
  { native: '20076', unified: 'concludedAt', codec: moment, need: true },
  { native: '20077', unified: 'cancelReason', codec: words },
  { native: '35', unified: 'status', codec: dealStatus },
];
const dealDerived = [always('kind', 'deal'), kindOf('seller'), kindOf('buyer')];

export const ownDeal: Mapping = {
  rows: [
    { native: '20070', unified: 'id', codec: own, need: true },
    listing,
    { native: '20078', unified: 'host', codec: buyerExchange },
    ...deal,
  ],
  derived: [always('home', 'szse'), { unified: 'host', of: (u) => u.host ?? 'szse' }, ...dealDerived],
};
export const foreignDeal: Mapping = {
  rows: [anotherExchange('home'), anotherId, mirror, ...deal],
  derived: [always('host', 'szse'), ...dealDerived],
};

const confirmed: readonly Row[] = [
  kind('UK', 'deal-confirmed'),
  clientId,
  { native: '20070', unified: 'deal', codec: own, need: true },
  version,
  at('confirmedAt', false),
];

/** SZSE, as host: 20070 its own number of the deal, 20081 the home's. */
export const ownConfirmed: Mapping = {
  rows: [...confirmed, { native: '20081', unified: 'homeNumber', codec: words }],
  derived: [always('host', 'szse')],
};
/** Another host (the buyer's exchange, 20078) stands by SZSE's deal 20070, which it calls 20081. */
export const foreignConfirmed: Mapping = {
  rows: [
    ...confirmed,
    { native: '20078', unified: 'host', codec: code(codes.exchange), need: true },
    { native: '20081', unified: 'number', codec: words },
  ],
};

const funds: readonly Row[] = [
  kind('UF', 'funds'),
  clientId,
  { native: '20070', unified: 'deal', codec: own },
  { native: '20060', unified: 'interest', codec: own },
  { native: '20083', unified: 'leg', codec: code(codes.fundLeg), need: true },
  { native: '20084', unified: 'payer', codec: words, need: true },
  { native: '20085', unified: 'payee', codec: words, need: true },
  { native: '20086', unified: 'amount', codec: fen, need: true },
  { native: '20087', unified: 'valueDate', codec: day, need: true },
  { native: '20088', unified: 'bankRef', codec: words, need: true },
];

export const ownFunds: Mapping = { rows: [{ native: '20082', unified: 'id', codec: own, need: true }, ...funds] };
/** 20080 is told by the id alone: the contract has no word for whose funds they are. */
export const foreignFunds: Mapping = {
  rows: [{ native: '20080', unified: 'origin', codec: code(codes.exchange), need: true }, anotherId, ...funds],
};
