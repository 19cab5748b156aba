import { code, flag, instant, money, strings, text, whole } from '../../src/contract/codecs.ts';
import { partyKind } from '../../src/contract/derive.ts';
import type { JsonObject } from '../../src/contract/json.ts';
import type { Derived, Group, Row } from '../../src/contract/mapping.ts';
import { get } from '../../src/contract/tree.ts';
import { amountIn, day, dealState, ipNumber, kept, pledged, priceUnit, ratio, UNIT_KEPT, words } from './codecs.ts';
import { codes } from './codes.ts';

/**
 * The parts that CTEX writes alike in what it sends and in what is sent to it: projects, parties, payment plans, deals.
 * `at` is where the part stands: `data.` in an event, nothing in a request.
 */

export const clock = instant('spaced');
export const name = text(200);
/** Fees and funds are in 元 whatever the unit of the price. */
export const amountInYuan = money('yuan');
export const version = whole(1, 1_000_000, true);

/** A seller or buyer. `idType` of natural persons has no unified home. */
export function party(at: string, role: 'seller' | 'buyer', own: boolean): Row[] {
  return [
    { native: `${at}${role}.name`, unified: `${role}.name`, codec: name, need: true },
    { native: `${at}${role}.creditCode`, unified: `${role}.uscc`, codec: text(18) },
    ...(own ? [{ native: `${at}${role}.idType`, unified: `extensions.ctex.${role}IdType`, codec: text(64) }] : []),
    { native: `${at}${role}.nature`, unified: `${role}.nature`, codec: code(codes.nature), need: true },
    { native: `${at}${role}.region`, unified: `${role}.region`, codec: text(6) },
    { native: `${at}${role}.country`, unified: `${role}.country`, codec: text(3), need: true },
  ];
}

export function kindOf(role: 'seller' | 'buyer'): Derived {
  return { unified: `${role}.kind`, of: (u: JsonObject) => partyKind(u, role) };
}

function payment(at: string): (Row | Group)[] {
  return [
    { native: `${at}payWay`, unified: 'payment.plan', codec: code(codes.payWay), need: true },
    {
      native: `${at}payPlan`,
      unified: 'payment.instalments',
      each: [
        { native: 'ratio', unified: 'share', codec: ratio, need: true },
        { native: 'days', unified: 'dueDays', codec: whole(0, 36_500, true), need: true },
      ],
    },
  ];
}

/** Everything of a project but its number, its version and what only CTEX's own projects have. */
export function project(at: string, own: boolean): (Row | Group)[] {
  const amount = amountIn(`${at}priceUnit`);
  return [
    { native: `${at}projectType`, unified: 'direction', codec: code(codes.projectType), need: true },
    { native: `${at}projectName`, unified: 'title', codec: name, need: true },
    { native: `${at}summary`, unified: 'summary', codec: words(2000) },
    { native: `${at}techType`, unified: 'dealType', codec: code(codes.techType), need: true },
    { native: `${at}licenseType`, unified: 'license.scope', codec: code(codes.licenseType), blank: null },
    { native: `${at}tradeType`, unified: 'mode', codec: code(codes.tradeType), need: true },
    { native: `${at}ipType`, unified: 'extensions.ctex.ipType', codec: code(codes.projectIpType) },
    {
      native: `${at}ipList`,
      unified: 'object.ip',
      always: true,
      blank: [],
      each: [
        { native: 'ipType', unified: 'type', codec: code(codes.ipType), need: true },
        { native: 'ipNo', unified: 'number', codec: ipNumber },
        { native: 'ipName', unified: 'title', codec: name, need: true },
        { native: 'owners', unified: 'holders', codec: strings, need: true },
        { native: 'applyDate', unified: 'filedOn', codec: day },
        { native: 'expireDate', unified: 'expiresOn', codec: day },
        { native: 'pledged', unified: 'encumbrances', codec: pledged },
      ],
    },
    { native: `${at}techField`, unified: 'object.field', codec: code(codes.techField), need: true },
    { native: `${at}industry`, unified: 'object.industry', codec: text(5) },
    { native: `${at}ipc`, unified: 'object.ipc', codec: strings },
    { native: `${at}maturity`, unified: 'object.maturity', codec: whole(1, 9, true) },
    ...party(at, 'seller', own),
    { native: `${at}priceType`, unified: 'price.kind', codec: code(codes.priceType), need: true },
    { native: `${at}priceUnit`, unified: UNIT_KEPT, codec: priceUnit, blank: '万元' },
    { native: `${at}price`, unified: 'price.amount', codec: amount },
    { native: `${at}deposit`, unified: 'deposit.amount', codec: amount },
    { native: `${at}publishTime`, unified: 'publishedAt', codec: clock, need: true },
    { native: `${at}noticeStart`, unified: 'disclosure.startsOn', codec: day, need: true },
    { native: `${at}noticeEnd`, unified: 'disclosure.endsOn', codec: day, need: true },
    ...payment(at),
    { native: `${at}buyerLimit.foreign`, unified: 'eligibility.foreign', codec: flag('0', '1') },
    { native: `${at}buyerLimit.naturalPerson`, unified: 'eligibility.naturalPerson', codec: flag('0', '1') },
    { native: `${at}publicNotice.start`, unified: 'disclosure.notice.startsOn', codec: day },
    { native: `${at}publicNotice.end`, unified: 'disclosure.notice.endsOn', codec: day },
    { native: `${at}publicNotice.objection`, unified: 'disclosure.notice.objections', codec: flag('0', '1') },
    {
      native: `${at}attachments`,
      unified: 'documents',
      blank: [],
      each: [
        { native: 'type', unified: 'type', codec: code(codes.attachmentType), need: true },
        { native: 'name', unified: 'title', codec: name, need: true },
        { native: 'sha256', unified: 'sha256', codec: text(64), need: true },
      ],
    },
    { native: `${at}exportControl`, unified: 'export', codec: code(codes.exportControl), need: true },
    ...(own ? [{ native: `${at}contact`, unified: 'extensions.ctex.contact', codec: kept }] : []),
  ];
}

/** What a project without these parts writes in their place. */
export function projectBlanks(at: string): Readonly<Record<string, null>> {
  return { [`${at}buyerLimit`]: null, [`${at}publicNotice`]: null };
}

/** The type of the first IP right; without any, know-how for MM projects and `other` for the rest. */
export const objectType: Derived = {
  unified: 'object.type',
  of: (u) => {
    const rights = get(u, 'object.ip');
    const first = Array.isArray(rights) ? (rights[0] as JsonObject | undefined) : undefined;
    return first?.type ?? (get(u, 'extensions.ctex.ipType') === 'MM' ? 'know-how' : 'other');
  },
};

export const published: Derived = { unified: 'status', of: () => 'published' };

/** Everything of a deal but its numbers, its version and its home; `hostExchange` where the buyer came from elsewhere. The two fees stand for `fees` (contract/fees.ts). */
export function deal(at: string, own: boolean): (Row | Group)[] {
  const amount = amountIn(`${at}priceUnit`);
  return [
    { native: `${at}state`, unified: 'status', codec: dealState(`${at}certNo`), need: true },
    ...party(at, 'seller', own),
    ...party(at, 'buyer', own),
    { native: `${at}priceUnit`, unified: UNIT_KEPT, codec: priceUnit, blank: '万元' },
    { native: `${at}dealPrice`, unified: 'price', codec: amount, need: true },
    { native: `${at}techPrice`, unified: 'technologyAmount', codec: amount, need: true },
    { native: `${at}tradeType`, unified: 'mode', codec: code(codes.tradeType), need: true },
    { native: `${at}techType`, unified: 'dealType', codec: code(codes.techType), need: true },
    ...payment(at),
    { native: `${at}sellerFee`, unified: 'sellerFee', codec: amountInYuan },
    { native: `${at}buyerFee`, unified: 'buyerFee', codec: amountInYuan },
    { native: `${at}certNo`, unified: 'certificate', codec: text(64) },
    { native: `${at}signTime`, unified: 'concludedAt', codec: clock, need: true },
    { native: `${at}cancelReason`, unified: 'cancelReason', codec: words(2000) },
    ...(own ? [{ native: `${at}hostExchange`, unified: 'host', codec: code(codes.otherExchange) }] : []),
  ];
}
