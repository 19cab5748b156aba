import { code, numbered } from '../../src/contract/codecs.ts';
import type { Mapping, Row } from '../../src/contract/mapping.ts';
import { numberThere, otherExchange, words } from './codecs.ts';
import { codes } from './codes.ts';
import { day, kindDerived, mirrorRow, moment, money, ownListingRow, partyDerived, partyRows } from './fields-party.ts';

/** YJYS beside STEX's own elements marks what comes from another exchange; `unified` holds that exchange. */
function origin(unified: string): Row {
  return { native: 'YJYS', unified, codec: otherExchange, need: true };
}

const interestContent: readonly Row[] = [
  ...partyRows('SRF', 'buyer'),
  { native: 'BJ', unified: 'offer', codec: money },
  { native: 'DJSJ', unified: 'registeredAt', codec: moment, need: true },
];
const interestDerived = [kindDerived('interest'), partyDerived('buyer')];

/** 201 意向登记 of a STEX buyer. */
export const ownInterest: Mapping = {
  rows: [
    { native: 'YXBH', unified: 'id', codec: numbered('stex'), need: true },
    ownListingRow,
    mirrorRow,
    ...interestContent,
  ],
  derived: [...interestDerived, { unified: 'host', of: () => 'stex' }],
};

/** 201 of another exchange's buyer, YYXBH its number there. */
export const foreignInterest: Mapping = {
  rows: [
    origin('host'),
    { native: 'YYXBH', unified: 'id', codec: numberThere, need: true },
    ownListingRow,
    ...interestContent,
  ],
  derived: interestDerived,
};

const decisionContent: readonly Row[] = [
  { native: 'YXBH', unified: 'interest', codec: numbered('stex'), need: true },
  { native: 'JG', unified: 'result', codec: code(codes.JG), need: true },
  { native: 'YY', unified: 'reason', codec: words(2000), blank: '' },
];

/** 202 资格确认 by STEX, of another exchange's interest by STEX's own number for it. */
export const ownDecision: Mapping = {
  rows: decisionContent,
  derived: [kindDerived('interest-decision'), { unified: 'home', of: () => 'stex' }],
};

/** 202 by another exchange, of a STEX interest. */
export const foreignDecision: Mapping = {
  rows: [origin('home'), ...decisionContent],
  derived: [kindDerived('interest-decision')],
};

const bidContent: readonly Row[] = [
  ...partyRows('SRF', 'buyer'),
  { native: 'BJ', unified: 'amount', codec: money, need: true },
  { native: 'BJSJ', unified: 'placedAt', codec: moment, need: true },
];
const bidDerived = [kindDerived('bid'), partyDerived('buyer')];

/** 203 报价 of a STEX buyer. */
export const ownBid: Mapping = {
  rows: [
    { native: 'BJBH', unified: 'id', codec: numbered('stex'), need: true },
    ownListingRow,
    mirrorRow,
    ...bidContent,
  ],
  derived: [...bidDerived, { unified: 'host', of: () => 'stex' }],
};

/** 203 of another exchange's buyer, YBJBH its number there. */
export const foreignBid: Mapping = {
  rows: [
    origin('host'),
    { native: 'YBJBH', unified: 'id', codec: numberThere, need: true },
    ownListingRow,
    ...bidContent,
  ],
  derived: bidDerived,
};

const fundsContent: readonly Row[] = [
  { native: 'CJBH', unified: 'deal', codec: numbered('stex') },
  { native: 'YXBH', unified: 'interest', codec: numbered('stex') },
  { native: 'LB', unified: 'leg', codec: code(codes.LB), need: true },
  { native: 'FKF', unified: 'payer', codec: words(200), need: true },
  { native: 'SKF', unified: 'payee', codec: words(200), need: true },
  { native: 'JE', unified: 'amount', codec: money, need: true },
  { native: 'QXR', unified: 'valueDate', codec: day, need: true },
  { native: 'YHLSH', unified: 'bankRef', codec: words(64), need: true },
];

/** 401 资金. */
export const ownFunds: Mapping = {
  rows: [{ native: 'ZJBH', unified: 'id', codec: numbered('stex'), need: true }, ...fundsContent],
  derived: [kindDerived('funds')],
};

/** 401 of another exchange, YZJBH its number there; `origin` stands beside `id` only between the two forms. */
export const foreignFunds: Mapping = {
  rows: [origin('origin'), { native: 'YZJBH', unified: 'id', codec: numberThere, need: true }, ...fundsContent],
  derived: [kindDerived('funds')],
};
