import { code, numbered } from '../../src/contract/codecs.ts';
import type { Derived, Group, Mapping, Row } from '../../src/contract/mapping.ts';
import { numberThere, otherExchange, words } from './codecs.ts';
import { codes } from './codes.ts';
import {
  kindDerived,
  mirrorRow,
  moment,
  money,
  ownListingRow,
  partyDerived,
  partyRows,
  paymentRows,
  version,
} from './fields-party.ts';

/** CJ 成交. Its fees stand as `sellerFee` and `buyerFee` (src/contract/fees.ts), its status as one of three words. */
const content: readonly (Row | Group)[] = [
  { native: 'BB', unified: 'version', codec: version, need: true },
  { native: 'ZT', unified: 'status', codec: code(codes['CJ/ZT']), need: true },
  ...partyRows('CRF', 'seller'),
  ...partyRows('SRF', 'buyer'),
  { native: 'CJJG', unified: 'price', codec: money, need: true },
  { native: 'JSJYE', unified: 'technologyAmount', codec: money, need: true },
  { native: 'JYFS', unified: 'mode', codec: code(codes.JYFS), need: true },
  { native: 'HTLX', unified: 'dealType', codec: code(codes.HTLX), need: true },
  ...paymentRows,
  { native: 'CRFYJ', unified: 'sellerFee', codec: money, blank: '' },
  { native: 'SRFYJ', unified: 'buyerFee', codec: money, blank: '' },
  { native: 'JZBH', unified: 'certificate', codec: words(64) },
  { native: 'QYSJ', unified: 'concludedAt', codec: moment, need: true },
  { native: 'CXYY', unified: 'cancelReason', codec: words(2000) },
];

const blanks = { FQ: '' };
const derived: readonly Derived[] = [kindDerived('deal'), partyDerived('seller'), partyDerived('buyer')];

/** 301 成交, 302 鉴证, 303 撤销 of STEX's own listing; MFJYS the buyer's exchange, left out where it is STEX. */
export const ownDeal: Mapping = {
  rows: [
    { native: 'CJBH', unified: 'id', codec: numbered('stex'), need: true },
    ownListingRow,
    ...content,
    { native: 'MFJYS', unified: 'host', codec: otherExchange },
  ],
  derived: [{ unified: 'home', of: () => 'stex' }, ...derived],
  blanks,
};

/** The same of another exchange's listing, YCJBH its number there; the buyer is STEX's. */
export const foreignDeal: Mapping = {
  rows: [
    { native: 'YJYS', unified: 'home', codec: otherExchange, need: true },
    { native: 'YCJBH', unified: 'id', codec: numberThere, need: true },
    mirrorRow,
    ...content,
  ],
  derived,
  blanks,
};

const confirmed: readonly Row[] = [
  { native: 'CJBH', unified: 'deal', codec: numbered('stex'), need: true },
  { native: 'BB', unified: 'version', codec: version, need: true },
  { native: 'QYSJ', unified: 'confirmedAt', codec: moment },
];

/** 304 成交确认 by STEX as host: CJBH its own number, YCJBH the home's. */
export const ownConfirmation: Mapping = {
  rows: [...confirmed, { native: 'YCJBH', unified: 'homeNumber', codec: words(64) }],
  derived: [kindDerived('deal-confirmed'), { unified: 'host', of: () => 'stex' }],
};

/** 304 by another exchange, of a STEX deal: CJBH STEX's number, YCJBH the host's. */
export const foreignConfirmation: Mapping = {
  rows: [
    { native: 'YJYS', unified: 'host', codec: otherExchange, need: true },
    ...confirmed,
    { native: 'YCJBH', unified: 'number', codec: words(64) },
  ],
  derived: [kindDerived('deal-confirmed')],
};
