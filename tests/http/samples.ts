import type { Deal, Listing } from '../../src/contract/message.ts';

/** A listing of ctex that stex shows unchanged; plain, so that a test can change one thing. */
export function listingNumbered(n: number, changes: Partial<Listing> = {}): Listing {
  const nativeId = `TJ2026-${String(n).padStart(6, '0')}`;
  return {
    kind: 'listing',
    id: `ctex:${nativeId}`,
    version: 1,
    home: 'ctex',
    nativeId,
    direction: 'supply',
    status: 'published',
    title: `示例固态电池电解质制备方法 ${n}`,
    dealType: 'transfer',
    object: {
      type: 'invention',
      field: '06',
      ip: [
        { type: 'invention', number: 'ZL202310123456.6', title: '示例方法', holders: ['北京示例材料研究院有限公司'] },
      ],
    },
    seller: {
      name: '北京示例材料研究院有限公司',
      kind: 'legal',
      uscc: '91110108MA0000015T',
      nature: 'private',
      country: '142',
    },
    regime: 'private',
    mode: 'listing',
    price: { kind: 'fixed', amount: { amount: '1285000.00', currency: 'CNY' } },
    disclosure: { startsOn: '2026-03-02', endsOn: '2026-04-30' },
    payment: { plan: 'lump-sum' },
    export: 'none',
    publishedAt: '2026-03-02T09:30:00+08:00',
    ...changes,
  };
}

export function dealOf(listing: Listing): Deal {
  const buyer = { name: '上海示例科技有限公司', kind: 'legal', nature: 'private', country: '142' } as const;
  return {
    kind: 'deal',
    id: 'ctex:CJ2026-000001',
    version: 1,
    listing: { id: listing.id, version: 1 },
    home: 'ctex',
    host: 'stex',
    status: 'concluded',
    dealType: 'transfer',
    mode: 'listing',
    seller: listing.seller,
    buyer,
    price: { amount: '1285000.00', currency: 'CNY' },
    technologyAmount: { amount: '1285000.00', currency: 'CNY' },
    payment: { plan: 'lump-sum' },
    fees: [],
    concludedAt: '2026-03-20T10:00:00+08:00',
  };
}
