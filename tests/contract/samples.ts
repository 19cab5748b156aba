import type { Deal, Listing } from '../../src/contract/message.ts';

/** A plain listing and a plain deal, spelled out by hand, for tests that change one thing at a time. */
export const plainListing: Listing = {
  kind: 'listing',
  id: 'ctex:TJ2026-000123',
  version: 1,
  home: 'ctex',
  nativeId: 'TJ2026-000123',
  direction: 'supply',
  status: 'published',
  title: '一种高比能固态电池电解质制备方法',
  dealType: 'transfer',
  object: {
    type: 'invention',
    field: '06',
    ip: [
      {
        type: 'invention',
        number: 'ZL202310123456.6',
        title: '一种固态电解质及其制备方法',
        holders: ['北京示例材料研究院有限公司'],
        filedOn: '2023-02-03',
        expiresOn: '2043-02-03',
        encumbrances: [],
      },
    ],
  },
  seller: {
    name: '北京示例材料研究院有限公司',
    kind: 'legal',
    uscc: '91110108MA0000015T',
    nature: 'private',
    region: '110108',
    country: '142',
  },
  regime: 'private',
  mode: 'listing',
  price: { kind: 'fixed', amount: { amount: '1285000.00', currency: 'CNY' } },
  disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-16', days: 14, dayKind: 'calendar' },
  payment: {
    plan: 'instalments',
    instalments: [
      { share: '0.30', dueDays: 5 },
      { share: '0.70', dueDays: 180 },
    ],
  },
  export: 'none',
  publishedAt: '2026-03-02T09:30:00+08:00',
};

export const plainDeal: Deal = {
  kind: 'deal',
  id: 'ctex:CJ2026-000045',
  version: 1,
  listing: { id: 'ctex:TJ2026-000123', version: 1 },
  home: 'ctex',
  host: 'stex',
  status: 'concluded',
  dealType: 'transfer',
  mode: 'listing',
  seller: plainListing.seller,
  buyer: {
    name: '上海示例智能装备有限公司',
    kind: 'legal',
    uscc: '91310110MA1G003960',
    nature: 'private',
    country: '142',
  },
  price: { amount: '1285000.00', currency: 'CNY' },
  technologyAmount: { amount: '1285000.00', currency: 'CNY' },
  payment: { plan: 'lump-sum' },
  fees: [
    { payer: 'seller', exchange: 'ctex', amount: { amount: '11710.00', currency: 'CNY' } },
    { payer: 'buyer', exchange: 'stex', amount: { amount: '6425.00', currency: 'CNY' } },
  ],
  concludedAt: '2026-03-20T10:00:00+08:00',
};
