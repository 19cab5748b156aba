import { addDays, dateAt, instantAt } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { DeskDeal, DeskListing, DeskParty } from '../contract/mock.ts';

/** Synthetic parties, one seller and one buyer for each exchange; the codes' check digits are right, the firms are not. */
export const sellers: Readonly<Record<Exchange, DeskParty>> = {
  ctex: party('北京示例材料研究院有限公司', '91110108MA0000015T', '110108'),
  stex: party('上海示例智能装备有限公司', '91310110MA1G003960', '310110'),
  szse: party('深圳示例生物科技有限公司', '91440300MA5F00034N', '440305'),
};
export const buyers: Readonly<Record<Exchange, DeskParty>> = {
  ctex: party('北京示例买方科技有限公司', '91110108MA0008252T', '110108'),
  stex: party('上海示例买方科技有限公司', '91310110MA00166902', '310110'),
  szse: party('深圳示例买方科技有限公司', '91440305MA0008607B', '440305'),
};

function party(name: string, uscc: string, region: string): DeskParty {
  return { name, uscc, nature: 'private', region, country: '142' };
}

/** A listing that every exchange can show: software, at a fixed price, 40 days of disclosure. */
export function sampleListing(
  home: Exchange,
  serial: number,
  nowMs: number,
  change: Partial<DeskListing> = {},
): DeskListing {
  const today = dateAt(nowMs);
  return {
    number: `L${String(serial).padStart(7, '0')}`,
    version: 1,
    title: `示例工业软件 ${serial}`,
    summary: '用于产线调度的工业软件著作权。',
    direction: 'supply',
    dealType: 'transfer',
    mode: 'listing',
    objectType: 'software',
    ipNumber: `2023SR${String(serial).padStart(7, '0')}`,
    ipTitle: `示例工业软件 V${serial}`,
    field: '01',
    industry: 'I6513',
    maturity: 8,
    seller: sellers[home],
    priceKind: 'fixed',
    priceFen: 128_500_000n,
    depositFen: 12_850_000n,
    publishedAt: instantAt(Math.floor(nowMs / 1000) * 1000),
    startsOn: today,
    endsOn: addDays(today, 40),
    plan: 'lump-sum',
    exportControl: 'none',
    ...change,
  };
}

/** The deal on such a listing with the buyer of that exchange; each side's fee is its own exchange's. */
export function sampleDeal(
  listing: DeskListing,
  home: Exchange,
  host: Exchange,
  nowMs: number,
  change: Partial<DeskDeal> = {},
): DeskDeal {
  return {
    number: `D-${listing.number}`,
    version: 1,
    listingNumber: listing.number,
    seller: listing.seller,
    buyer: buyers[host],
    ...(home === host ? {} : { buyerExchange: host }),
    dealType: listing.dealType,
    mode: listing.mode,
    priceFen: listing.priceFen ?? 128_500_000n,
    technologyFen: 100_000_000n,
    sellerFeeFen: 385_500n,
    buyerFeeFen: 257_000n,
    plan: listing.plan,
    ...(listing.instalments === undefined ? {} : { instalments: listing.instalments }),
    signedAt: instantAt(Math.floor(nowMs / 1000) * 1000),
    ...change,
  };
}
