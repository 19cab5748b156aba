import type { DeskDeal, DeskListing, DeskParty } from '../../../src/contract/mock.ts';
import type { Fields } from './checks.ts';
import * as words from './words.ts';

/** CTEX writes its own projects, parties and deals. */

export function partyOf(party: DeskParty): Fields {
  return {
    name: party.name,
    ...(party.nature === 'natural-person' ? { idType: 'SFZ' } : { creditCode: party.uscc }),
    nature: words.say(words.natures, party.nature),
    region: party.region,
    country: party.country,
  };
}

/** `ZL202310123456.6` → `ZL 2023 1 0123456.6`. */
function spaced(number: string): string {
  return number.replace(/^(ZL)?(\d{4})(\d)(\d{7}\.[\dX])$/, (_, prefix, year, kind, rest) =>
    [prefix, year, kind, rest].filter((part) => part !== undefined).join(' '),
  );
}

export function projectOf(listing: DeskListing): Fields {
  const amount = (fen: bigint | undefined) => (fen === undefined ? undefined : words.wan(fen));
  return {
    projectNo: listing.number,
    version: listing.version,
    projectType: listing.direction === 'demand' ? 'XQ' : 'CG',
    projectName: listing.title,
    summary: listing.summary,
    techType: words.say(words.dealTypes, listing.dealType),
    licenseType: listing.licenseScope === undefined ? null : words.say(words.scopes, listing.licenseScope),
    tradeType: words.say(words.modes, listing.mode),
    ipList: [
      {
        ipType: words.say(words.rights, listing.objectType),
        ipNo: listing.ipNumber === undefined ? undefined : spaced(listing.ipNumber),
        ipName: listing.ipTitle ?? listing.title,
        owners: [listing.seller.name],
        pledged: '0',
      },
    ],
    techField: listing.field,
    industry: listing.industry,
    maturity: listing.maturity,
    seller: partyOf(listing.seller),
    priceType: words.say(words.priceKinds, listing.priceKind),
    price: amount(listing.priceFen),
    priceUnit: '万元',
    deposit: amount(listing.depositFen),
    publishTime: words.clock(listing.publishedAt),
    noticeStart: listing.startsOn,
    noticeEnd: listing.endsOn,
    ...planOf(listing),
    buyerLimit: { foreign: '0', naturalPerson: '1' },
    publicNotice:
      listing.notice === undefined
        ? null
        : {
            start: listing.notice.startsOn,
            end: listing.notice.endsOn,
            objection: listing.notice.objections ? '1' : '0',
          },
    attachments: [],
    exportControl: words.say(words.exportControls, listing.exportControl ?? 'none'),
    contact: { dept: '项目部', ext: '8021' },
  };
}

export function dealOf(deal: DeskDeal): Fields {
  const hasHost = deal.buyerExchange !== undefined && deal.buyerExchange !== 'ctex';
  return {
    dealNo: deal.number,
    version: deal.version,
    projectNo: deal.listingNumber,
    state: 'SIGNED',
    seller: partyOf(deal.seller),
    buyer: partyOf(deal.buyer),
    dealPrice: words.wan(deal.priceFen),
    techPrice: words.wan(deal.technologyFen),
    priceUnit: '万元',
    tradeType: words.say(words.modes, deal.mode),
    techType: words.say(words.dealTypes, deal.dealType),
    ...planOf(deal),
    sellerFee: words.yuan(deal.sellerFeeFen),
    buyerFee: words.yuan(deal.buyerFeeFen),
    signTime: words.clock(deal.signedAt),
    ...(hasHost ? { hostExchange: String(deal.buyerExchange).toUpperCase() } : {}),
  };
}

function planOf({ plan, instalments }: Pick<DeskDeal, 'plan' | 'instalments'>): Fields {
  return {
    payWay: words.say(words.plans, plan),
    payPlan: instalments?.map(({ percent, dueDays }) => ({ ratio: String(percent), days: dueDays })),
  };
}
