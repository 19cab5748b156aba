import type { DeskDeal, DeskFunds, DeskListing, DeskParty } from '../../../src/contract/mock.ts';
import { yuanOf } from './values.ts';
import { tag } from './xml.ts';

/** What the people at the desk say, in STEX's own elements. A word STEX does not have is written as it is. */

const CONTRACT: Words = {
  development: '1',
  transfer: '2',
  license: '3',
  consulting: '4',
  service: '5',
  'equity-contribution': '6',
};
const MODE: Words = { agreement: '01', auction: '02', tender: '03', bidding: '04', listing: '05' };
const RIGHT: Words = {
  invention: '1',
  'utility-model': '2',
  design: '3',
  'patent-application': '4',
  software: '5',
  'ic-layout': '6',
  'plant-variety': '7',
  'bio-variety': '8',
  'know-how': '9',
};
const NATURE: Words = {
  'public-rnd': '022',
  'state-owned': '110',
  private: '170',
  'hk-mo-tw': '210',
  foreign: '310',
  'natural-person': '900',
};
const PRICE: Words = { fixed: '1', reserve: '2', negotiable: '3' };
const PLAN: Words = { 'lump-sum': '1', instalments: '2', royalty: '3', 'upfront-and-royalty': '4' };
const SCOPE: Words = { exclusive: '1', sole: '2', ordinary: '3' };
const EXPORT: Words = { none: '0', restricted: '1', prohibited: '2' };
const LEG: Words = { 'deposit-held': '1', 'deposit-returned': '2', 'price-paid': '3', 'fee-paid': '4', refund: '5' };

type Words = Readonly<Record<string, string>>;

function codeOf(words: Words, word: string): string {
  return words[word] ?? word;
}

export function day(date: string): string {
  return date.replaceAll('-', '');
}

/** `2026-03-02T09:30:00+08:00` → 20260302093000. */
export function moment(at: string): string {
  return at.slice(0, 19).replaceAll(/\D/g, '');
}

function partyOf(name: 'CRF' | 'SRF', party: DeskParty): string {
  const { uscc, nature, region, country } = party;
  const parts = [
    tag('MC', party.name),
    tag('XYDM', uscc),
    tag('XZ', codeOf(NATURE, nature)),
    tag('DQ', region),
    tag('GB', country),
  ];
  return `<${name}>${parts.join('')}</${name}>`;
}

function paymentOf({ plan, instalments = [] }: DeskListing | DeskDeal): string {
  const parts = instalments.map(({ percent, dueDays }) => {
    const share = percent === 100 ? '1.00' : `0.${String(percent).padStart(2, '0')}`;
    return `<Q BL="${share}" TS="${dueDays}"/>`;
  });
  return tag('ZFFS', codeOf(PLAN, plan)) + (parts.length === 0 ? '<FQ/>' : `<FQ>${parts.join('')}</FQ>`);
}

/** `<XM>` of 101 and 102. */
export function projectOf(listing: DeskListing): string {
  const { licenseScope: scope, priceFen, depositFen, notice } = listing;
  const item = [
    tag('LX', codeOf(RIGHT, listing.objectType)),
    tag('BH', listing.ipNumber?.replace(/^ZL/, '')),
    tag('MC', listing.ipTitle ?? listing.title),
    tag('QLR', listing.seller.name),
    '<SQR/><DQR/><ZY>0</ZY>',
  ];
  const parts = [
    tag('XMBH', listing.number),
    tag('BB', String(listing.version)),
    tag('FX', listing.direction === 'demand' ? '2' : '1'),
    tag('XMMC', listing.title),
    tag('XMJJ', listing.summary),
    tag('HTLX', codeOf(CONTRACT, listing.dealType)),
    tag('XKFS', scope === undefined ? '' : codeOf(SCOPE, scope)),
    tag('JYFS', codeOf(MODE, listing.mode)),
    `<ZSCQ><ITEM>${item.join('')}</ITEM></ZSCQ>`,
    tag('JSLY', listing.field),
    tag('HYDM', listing.industry),
    '<IPC/>',
    tag('CSD', listing.maturity === undefined ? '' : String(listing.maturity)),
    partyOf('CRF', listing.seller),
    tag('JGFS', codeOf(PRICE, listing.priceKind)),
    tag('GPJG', priceFen === undefined ? '' : yuanOf(priceFen)),
    tag('BZJ', depositFen === undefined ? '' : yuanOf(depositFen)),
    tag('FBSJ', moment(listing.publishedAt)),
    tag('PLQS', day(listing.startsOn)),
    tag('PLJZ', day(listing.endsOn)),
    paymentOf(listing),
    notice === undefined
      ? '<GS/>'
      : `<GS>${tag('KSR', day(notice.startsOn))}${tag('JZR', day(notice.endsOn))}${tag('YY', notice.objections ? '1' : '0')}</GS>`,
    '<FJ/>',
    tag('CKGZ', codeOf(EXPORT, listing.exportControl ?? 'none')),
  ];
  return `<XM>${parts.join('')}</XM>`;
}

export interface StateChange {
  readonly number: string;
  readonly version: number;
  readonly state: 'suspended' | 'resumed' | 'withdrawn';
  readonly reason: string;
}

/** `<XM>` of 103. */
export function stateOf({ number, version, state, reason }: StateChange): string {
  const code = { suspended: '2', resumed: '3', withdrawn: '4' }[state];
  return `<XM>${tag('XMBH', number)}${tag('BB', String(version))}${tag('ZT', code)}${tag('YY', reason)}</XM>`;
}

export interface DeskBuyer {
  readonly number: string;
  readonly mirror: string;
  readonly buyer: DeskParty;
  readonly at: string;
}

/** `<YX>` of 201. */
export function interestOf({ number, mirror, buyer, offerFen, at }: DeskBuyer & { offerFen?: bigint }): string {
  const offer = offerFen === undefined ? '' : tag('BJ', yuanOf(offerFen));
  return `<YX>${tag('YXBH', number)}${tag('JXBH', mirror)}${partyOf('SRF', buyer)}${offer}${tag('DJSJ', moment(at))}</YX>`;
}

/** `<YX>` of 202. */
export function decisionOf(number: string, accept: boolean, reason: string): string {
  return `<YX>${tag('YXBH', number)}${tag('JG', accept ? '1' : '2')}${tag('YY', reason)}</YX>`;
}

/** `<BJD>` of 203. */
export function bidOf({ number, mirror, buyer, amountFen, at }: DeskBuyer & { amountFen: bigint }): string {
  const offer = tag('BJ', yuanOf(amountFen));
  return `<BJD>${tag('BJBH', number)}${tag('JXBH', mirror)}${partyOf('SRF', buyer)}${offer}${tag('BJSJ', moment(at))}</BJD>`;
}

/** `<CJ>` of 301, 302, 303. */
export function dealOf(
  deal: DeskDeal,
  state: { readonly code: '1' | '2' | '3'; readonly version: number; certificate?: string; reason?: string },
): string {
  const { buyerExchange } = deal;
  const parts = [
    tag('CJBH', deal.number),
    tag('BB', String(state.version)),
    tag('XMBH', deal.listingNumber),
    tag('ZT', state.code),
    partyOf('CRF', deal.seller),
    partyOf('SRF', deal.buyer),
    tag('CJJG', yuanOf(deal.priceFen)),
    tag('JSJYE', yuanOf(deal.technologyFen)),
    tag('JYFS', codeOf(MODE, deal.mode)),
    tag('HTLX', codeOf(CONTRACT, deal.dealType)),
    paymentOf(deal),
    tag('CRFYJ', yuanOf(deal.sellerFeeFen)),
    tag('SRFYJ', yuanOf(deal.buyerFeeFen)),
    state.certificate === undefined ? '' : tag('JZBH', state.certificate),
    tag('QYSJ', moment(deal.signedAt)),
    state.reason === undefined ? '' : tag('CXYY', state.reason),
    buyerExchange === undefined || buyerExchange === 'stex' ? '' : tag('MFJYS', buyerExchange.toUpperCase()),
  ];
  return `<CJ>${parts.join('')}</CJ>`;
}

/** `<CJ>` of 304: STEX's own number of the deal and the home's. */
export function confirmationOf(number: string, homeNumber: string, version: string, at: string): string {
  return `<CJ>${tag('CJBH', number)}${tag('BB', version)}${tag('QYSJ', at)}${tag('YCJBH', homeNumber)}</CJ>`;
}

/** `<ZJ>` of 401. */
export function fundsOf(funds: DeskFunds): string {
  const parts = [
    tag('ZJBH', funds.number),
    funds.deal === undefined ? tag('YXBH', funds.interest) : tag('CJBH', funds.deal),
    tag('LB', codeOf(LEG, funds.leg)),
    tag('FKF', funds.payer),
    tag('SKF', funds.payee),
    tag('JE', yuanOf(funds.amountFen)),
    tag('QXR', day(funds.valueDate)),
    tag('YHLSH', funds.bankRef),
  ];
  return `<ZJ>${parts.join('')}</ZJ>`;
}
