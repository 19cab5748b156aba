import { code, flag, whole } from '../../src/contract/codecs.ts';
import { listingDerived } from '../../src/contract/derive.ts';
import type { Derived, Group, Mapping, Row } from '../../src/contract/mapping.ts';
import { get } from '../../src/contract/tree.ts';
import { listingState, otherExchange, pledge, words } from './codecs.ts';
import { codes } from './codes.ts';
import {
  day,
  kindDerived,
  mirrorRow,
  moment,
  money,
  ownListingRow,
  partyRows,
  patentNumber,
  paymentRows,
  semicolons,
  version,
} from './fields-party.ts';

/** XM 项目, from its version on: the same at home and in a mirror. */
const content: readonly (Row | Group)[] = [
  { native: 'BB', unified: 'version', codec: version, need: true },
  { native: 'FX', unified: 'direction', codec: code(codes.FX), need: true },
  { native: 'XMMC', unified: 'title', codec: words(200), need: true },
  { native: 'XMJJ', unified: 'summary', codec: words(2000), blank: '' },
  { native: 'HTLX', unified: 'dealType', codec: code(codes.HTLX), need: true },
  { native: 'XKFS', unified: 'license.scope', codec: code(codes.XKFS), blank: '' },
  { native: 'JYFS', unified: 'mode', codec: code(codes.JYFS), need: true },
  {
    native: 'ZSCQ.ITEM',
    unified: 'object.ip',
    always: true,
    each: [
      { native: 'LX', unified: 'type', codec: code(codes.ZSCQ), need: true },
      { native: 'BH', unified: 'number', codec: patentNumber, blank: '' },
      { native: 'MC', unified: 'title', codec: words(200), need: true },
      { native: 'QLR', unified: 'holders', codec: semicolons, need: true },
      { native: 'SQR', unified: 'filedOn', codec: day, blank: '' },
      { native: 'DQR', unified: 'expiresOn', codec: day, blank: '' },
      { native: 'ZY', unified: 'encumbrances', codec: pledge, blank: '' },
    ],
  },
  { native: 'JSLY', unified: 'object.field', codec: words(2), need: true },
  { native: 'HYDM', unified: 'object.industry', codec: words(5), blank: '' },
  { native: 'IPC', unified: 'object.ipc', codec: semicolons, blank: '' },
  { native: 'CSD', unified: 'object.maturity', codec: whole(1, 9), blank: '' },
  ...partyRows('CRF', 'seller'),
  { native: 'JGFS', unified: 'price.kind', codec: code(codes.JGFS), need: true },
  { native: 'GPJG', unified: 'price.amount', codec: money, blank: '' },
  { native: 'BZJ', unified: 'deposit.amount', codec: money, blank: '' },
  { native: 'FBSJ', unified: 'publishedAt', codec: moment, need: true },
  { native: 'PLQS', unified: 'disclosure.startsOn', codec: day, need: true },
  { native: 'PLJZ', unified: 'disclosure.endsOn', codec: day, need: true },
  ...paymentRows,
  { native: 'GS.KSR', unified: 'disclosure.notice.startsOn', codec: day },
  { native: 'GS.JZR', unified: 'disclosure.notice.endsOn', codec: day },
  { native: 'GS.YY', unified: 'disclosure.notice.objections', codec: flag('0', '1') },
  {
    native: 'FJ.F',
    unified: 'documents',
    each: [
      { native: '@LX', unified: 'type', codec: code(codes.FJ), need: true },
      { native: '@MC', unified: 'title', codec: words(200), need: true },
      { native: '@ZY', unified: 'sha256', codec: words(64), need: true },
    ],
  },
  { native: 'CKGZ', unified: 'export', codec: code(codes.CKGZ), need: true },
];

const blanks = { ZSCQ: '', FQ: '', GS: '', FJ: '' };

/** 101 and 102 say that a listing is published; other states travel as 103. */
const implied: readonly Derived[] = [
  kindDerived('listing'),
  { unified: 'status', of: () => 'published' },
  // An object without any registered right is know-how: STEX admits no `other`.
  { unified: 'object.type', of: (u) => firstType(get(u, 'object.ip')) },
];

function firstType(ip: unknown): string {
  const first = Array.isArray(ip) ? ip[0] : undefined;
  return typeof first?.type === 'string' ? first.type : 'know-how';
}

/** 101 项目发布, 102 项目变更. BZ (remarks) has no unified home. */
export const ownListing: Mapping = {
  rows: [
    { native: 'XMBH', unified: 'nativeId', codec: words(64), need: true },
    ...content,
    { native: 'BZ', unified: 'extensions.stex.BZ', codec: words(2000) },
  ],
  derived: [{ unified: 'home', of: () => 'stex' }, ...implied, ...listingDerived],
  blanks,
};

/** 111 镜像项目. JXBH: the mirror that this version replaces. */
export const mirroredListing: Mapping = {
  rows: [
    { native: 'YJYS', unified: 'home', codec: otherExchange, need: true },
    { native: 'YXMBH', unified: 'nativeId', codec: words(64), need: true },
    { native: 'JXBH', unified: 'extensions.stex.JXBH', codec: words(64) },
    ...content,
  ],
  derived: [...implied, ...listingDerived],
  blanks,
};

/** 103 项目状态, of STEX's own listing (XMBH) or of a mirror (JXBH). */
export const listingStateFields: Mapping = {
  rows: [
    ownListingRow,
    mirrorRow,
    { native: 'BB', unified: 'listing.version', codec: version },
    { native: 'ZT', unified: 'status', codec: listingState, need: true },
    { native: 'YY', unified: 'reason', codec: words(2000), blank: '' },
  ],
  derived: [kindDerived('listing-state')],
};
