import { code, date, instant, ipNumber, list, numbered, separatedYuan, whole } from '../../src/contract/codecs.ts';
import { partyKind } from '../../src/contract/derive.ts';
import type { Derived, Group, Row } from '../../src/contract/mapping.ts';
import { nature, share, words } from './codecs.ts';
import { codes } from './codes.ts';

/** Parts that several documents share. */

/** CRF 出让方, SRF 受让方. */
export function partyRows(native: 'CRF' | 'SRF', unified: 'seller' | 'buyer'): readonly Row[] {
  return [
    { native: `${native}.MC`, unified: `${unified}.name`, codec: words(200), need: true },
    { native: `${native}.XYDM`, unified: `${unified}.uscc`, codec: words(18), blank: '' },
    { native: `${native}.XZ`, unified: `${unified}.nature`, codec: nature, need: true },
    { native: `${native}.DQ`, unified: `${unified}.region`, codec: words(6), blank: '' },
    { native: `${native}.GB`, unified: `${unified}.country`, codec: words(3), need: true },
  ];
}

export function partyDerived(unified: 'seller' | 'buyer'): Derived {
  return { unified: `${unified}.kind`, of: (message) => partyKind(message, unified) };
}

export function kindDerived(kind: string): Derived {
  return { unified: 'kind', of: () => kind };
}

/** ZFFS 支付方式 and FQ 分期: share of the price, days after the contract. */
export const paymentRows: readonly (Row | Group)[] = [
  { native: 'ZFFS', unified: 'payment.plan', codec: code(codes.ZFFS), need: true },
  {
    native: 'FQ.Q',
    unified: 'payment.instalments',
    each: [
      { native: '@BL', unified: 'share', codec: share, need: true },
      { native: '@TS', unified: 'dueDays', codec: whole(0, 36_500), need: true },
    ],
  },
];

/** A listing by STEX's own number of it. */
export const ownListingRow: Row = { native: 'XMBH', unified: 'listing.id', codec: numbered('stex') };

/** Another exchange's listing by the number of STEX's mirror. */
export const mirrorRow: Row = { native: 'JXBH', unified: 'listing.mirror', codec: numbered('stex') };

export const day = date('compact');
export const moment = instant('compact');
export const semicolons = list(';');
export const money = separatedYuan;
export const version = whole(1, 1_000_000);

/** Patents come without `ZL`. */
export const patentNumber = ipNumber('LX', codes.ZSCQ, (number) => number.replace(/^ZL/, ''));
