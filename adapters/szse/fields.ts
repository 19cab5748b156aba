import { code, flag, instant, money, numbered, raw, whole } from '../../src/contract/codecs.ts';
import { listingDerived, partyKind } from '../../src/contract/derive.ts';
import type { Derived, Group, Mapping, Row } from '../../src/contract/mapping.ts';
import { get } from '../../src/contract/tree.ts';
import { day, encumbered, ipNumber, joined, kindIs, notBefore, publishedOrChanged, uscc, words } from './codecs.ts';
import { codes } from './codes.ts';

/** Parts that several kinds share, and the listing's own tables. Rows are read in order: a codec may look at earlier ones. */

export const fen = money('fen');
export const moment = instant('tagged');
export const own = numbered('szse');

export const clientId: Row = { native: '11', unified: 'extensions.szse.clientId', codec: words, need: true };
export const version: Row = { native: '20002', unified: 'version', codec: whole(1, 1_000_000), need: true };
export const plan: Row = { native: '20046', unified: 'payment.plan', codec: code(codes.plan), need: true };

export function always(unified: string, value: string): Derived {
  return { unified, of: () => value };
}

/** Seller or buyer; the tags are name, code, nature, region, country. */
export function party(role: 'seller' | 'buyer'): Row[] {
  const from = role === 'seller' ? 20030 : 20063;
  return [
    { native: String(from), unified: `${role}.name`, codec: words, need: true },
    { native: String(from + 1), unified: `${role}.uscc`, codec: uscc },
    { native: String(from + 2), unified: `${role}.nature`, codec: code(codes.nature), need: true },
    { native: String(from + 3), unified: `${role}.region`, codec: words },
    { native: String(from + 4), unified: `${role}.country`, codec: words, need: true },
  ];
}

export function kindOf(role: 'seller' | 'buyer'): Derived {
  return { unified: `${role}.kind`, of: (u) => partyKind(u, role) };
}

const rights: Group = {
  native: '20010',
  unified: 'object.ip',
  always: true,
  blank: [],
  each: [
    { native: '20011', unified: 'type', codec: code(codes.ipKind), need: true },
    { native: '20012', unified: 'number', codec: ipNumber },
    { native: '20013', unified: 'title', codec: words, need: true },
    { native: '20014', unified: 'holders', codec: joined(';'), need: true },
    { native: '20015', unified: 'filedOn', codec: day },
    { native: '20016', unified: 'expiresOn', codec: day },
    { native: '20017', unified: 'encumbrances', codec: encumbered },
  ],
};

const documents: Group = {
  native: '20050',
  unified: 'documents',
  blank: [],
  each: [
    { native: '20051', unified: 'type', codec: code(codes.document), need: true },
    { native: '20052', unified: 'title', codec: words, need: true },
    { native: '20053', unified: 'sha256', codec: words, need: true },
  ],
};

const terms: readonly (Row | Group)[] = [
  version,
  { native: '20003', unified: 'direction', codec: code(codes.side), need: true },
  { native: '20005', unified: 'title', codec: words, need: true },
  { native: '20006', unified: 'summary', codec: words },
  { native: '20007', unified: 'dealType', codec: code(codes.dealType), need: true },
  { native: '20008', unified: 'license.scope', codec: code(codes.licenseScope) },
  { native: '20009', unified: 'mode', codec: code(codes.mode), need: true },
  rights,
  { native: '20018', unified: 'object.field', codec: code(codes.techField), need: true },
  { native: '20019', unified: 'object.industry', codec: words },
  { native: '20020', unified: 'object.ipc', codec: joined(',') },
  { native: '20021', unified: 'object.maturity', codec: whole(1, 9) },
  ...party('seller'),
  { native: '20040', unified: 'price.kind', codec: code(codes.priceKind), need: true },
  { native: '20041', unified: 'price.amount', codec: fen },
  { native: '20042', unified: 'deposit.amount', codec: fen },
  { native: '20043', unified: 'publishedAt', codec: moment, need: true },
  { native: '20044', unified: 'disclosure.startsOn', codec: day, need: true },
  { native: '20045', unified: 'disclosure.endsOn', codec: notBefore('20044'), need: true },
  plan,
  { native: '20047', unified: 'disclosure.notice.startsOn', codec: day },
  { native: '20048', unified: 'disclosure.notice.endsOn', codec: notBefore('20047') },
  { native: '20049', unified: 'disclosure.notice.objections', codec: flag('N', 'Y') },
  documents,
  { native: '20054', unified: 'export', codec: code(codes.export), need: true },
];

const implied: readonly Derived[] = [
  always('status', 'published'),
  // The kind of right stands only in the group; what has no registered right is know-how.
  { unified: 'object.type', of: (u) => (get(u, 'object.ip') as readonly { type?: string }[])[0]?.type ?? 'know-how' },
  ...listingDerived,
];

/** UL, UM: a listing of SZSE's own. */
export const ownListing: Mapping = {
  rows: [
    clientId,
    { native: '20001', unified: 'nativeId', codec: words, need: true },
    ...terms,
    { native: '35', unified: 'kind', codec: publishedOrChanged },
    { native: '20055', unified: 'extensions.szse.board', codec: raw },
  ],
  derived: [always('home', 'szse'), ...implied],
};

/** UN: another exchange's listing, for SZSE to mirror. */
export const foreignListing: Mapping = {
  rows: [
    { native: '35', unified: 'kind', codec: kindIs('UN', 'listing') },
    clientId,
    { native: '20080', unified: 'home', codec: code(codes.exchange), need: true },
    { native: '20081', unified: 'nativeId', codec: words, need: true },
    { native: '20089', unified: 'extensions.szse.mirror', codec: words },
    ...terms,
  ],
  derived: implied,
};
