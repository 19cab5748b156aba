import type { Deal, Interest, Listing, Party } from '../../../src/contract/message.ts';

/** Unified messages spelled out by hand, of other exchanges, as CTEX is told them. */

export const seller: Party = {
  name: '上海示例智能装备有限公司',
  kind: 'legal',
  uscc: '91310110MA1G003960',
  nature: 'private',
  region: '310110',
  country: '142',
};

export const buyer: Party = {
  name: '北京示例材料研究院有限公司',
  kind: 'legal',
  uscc: '91110108MA0000015T',
  nature: 'private',
  region: '110108',
  country: '142',
};

export function foreignListing(changes: Partial<Listing> = {}): Listing {
  return {
    kind: 'listing',
    id: 'stex:沪技挂2026-0088',
    version: 1,
    home: 'stex',
    nativeId: '沪技挂2026-0088',
    direction: 'supply',
    status: 'published',
    title: '工业机器人谐波减速器精密加工技术',
    dealType: 'transfer',
    object: {
      type: 'invention',
      field: '03',
      ip: [
        { type: 'invention', number: 'ZL202310123456.6', title: '一种谐波减速器柔轮加工方法', holders: [seller.name] },
      ],
    },
    seller,
    regime: 'private',
    mode: 'listing',
    price: { kind: 'fixed', amount: { amount: '1285000.00', currency: 'CNY' } },
    disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-30', days: 28, dayKind: 'calendar' },
    payment: { plan: 'lump-sum' },
    export: 'none',
    publishedAt: '2026-03-02T09:30:00+08:00',
    ...changes,
  };
}

export function foreignInterest(project: string): Interest {
  return {
    kind: 'interest',
    id: 'stex:YX-1',
    listing: { id: `ctex:${project}` },
    host: 'stex',
    buyer: seller,
    registeredAt: '2026-03-02T10:00:00+08:00',
  };
}

export function foreignDeal(mirror: string, changes: Partial<Deal> = {}): Deal {
  return {
    kind: 'deal',
    id: 'stex:沪技成2026-0001',
    version: 1,
    listing: { mirror: `ctex:${mirror}` },
    home: 'stex',
    host: 'ctex',
    status: 'concluded',
    dealType: 'transfer',
    mode: 'listing',
    seller,
    buyer,
    price: { amount: '1285000.01', currency: 'CNY' },
    technologyAmount: { amount: '1000000.00', currency: 'CNY' },
    payment: { plan: 'lump-sum' },
    fees: [
      { payer: 'seller', exchange: 'stex', amount: { amount: '6425.00', currency: 'CNY' } },
      { payer: 'buyer', exchange: 'ctex', amount: { amount: '11710.00', currency: 'CNY' } },
    ],
    concludedAt: '2026-03-02T10:00:00+08:00',
    ...changes,
  };
}
