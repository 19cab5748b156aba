import { readdirSync, readFileSync } from 'node:fs';
import { decode } from '../../../adapters/szse/decode.ts';
import { encode } from '../../../adapters/szse/encode.ts';
import type { Message } from '../../../src/contract/message.ts';
import { framed, LISTING, sample, tagged } from './tagged.ts';

const frame = { requestId: 'Q-1', at: '2026-03-02T09:30:00+08:00' };

function read(bytes: Uint8Array): Message {
  const decoded = decode(bytes);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
  return decoded.value;
}

function written(message: Message): Buffer {
  const encoded = encode(message, frame);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
  expect(encoded.value.loss).toEqual([]);
  return Buffer.from(encoded.value.request.bytes);
}

const listing = {
  kind: 'listing',
  id: 'szse:KJ0020260302',
  version: 1,
  home: 'szse',
  nativeId: 'KJ0020260302',
  direction: 'supply',
  status: 'published',
  title: '高通量基因测序芯片',
  dealType: 'transfer',
  object: {
    type: 'invention',
    field: '04',
    industry: 'C3581',
    ipc: ['C12Q 1/6869'],
    maturity: 8,
    ip: [
      {
        type: 'invention',
        number: 'ZL202310123456.6',
        title: '一种测序芯片',
        holders: ['深圳示例生物科技有限公司'],
        filedOn: '2023-02-03',
        expiresOn: '2043-02-03',
        encumbrances: [],
      },
    ],
  },
  seller: {
    name: '深圳示例生物科技有限公司',
    kind: 'legal',
    uscc: '91440300MA5F00034N',
    nature: 'private',
    region: '440305',
    country: '142',
  },
  regime: 'private',
  mode: 'listing',
  price: { kind: 'fixed', amount: { amount: '1285000.00', currency: 'CNY' } },
  deposit: { amount: { amount: '257000.00', currency: 'CNY' } },
  disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-17', days: 15, dayKind: 'calendar' },
  payment: { plan: 'lump-sum' },
  export: 'none',
  publishedAt: '2026-03-02T09:30:00+08:00',
  extensions: { szse: { clientId: 'S-20260302-9', board: '先进制造专板' } },
};

describe('what SZSE sends, in the unified contract', () => {
  test('the listing of the profile', () => {
    expect(read(sample('szse-UL-listing.txt'))).toEqual(listing);
  });

  test('the same inside a session frame reads the same', () => {
    expect(read(framed(sample('szse-UL-listing.txt'), 9))).toEqual(listing);
  });

  test('a licence of a public research unit: notice, two rights, two holders, documents', () => {
    expect(read(sample('UL-listing-notice-open.txt'))).toMatchObject({
      dealType: 'license',
      license: { scope: 'exclusive' },
      regime: 'public-rnd',
      object: {
        type: 'know-how',
        ip: [
          { type: 'know-how', holders: ['示例海洋研究院', '示例大学'], encumbrances: [] },
          { type: 'software', number: '2023SR0123456', encumbrances: ['pledge'] },
        ],
      },
      disclosure: {
        notice: { kind: 'public-rnd-notice', startsOn: '2026-02-25', endsOn: '2026-03-12', objections: false },
      },
      documents: [{ type: 'decision' }, { type: 'notice-proof' }],
      payment: { plan: 'upfront-and-royalty' },
      export: 'restricted',
    });
  });

  test('a deal: home, host, fees of either side', () => {
    expect(read(sample('UD-deal.txt'))).toEqual({
      kind: 'deal',
      id: 'szse:DJ0000000301',
      version: 1,
      listing: { id: 'szse:KJ0020260302' },
      home: 'szse',
      host: 'ctex',
      status: 'concluded',
      dealType: 'transfer',
      mode: 'listing',
      seller: listing.seller,
      buyer: {
        name: '北京示例材料研究院有限公司',
        kind: 'legal',
        uscc: '91110108MA0000015T',
        nature: 'private',
        region: '110108',
        country: '142',
      },
      price: { amount: '1285000.00', currency: 'CNY' },
      technologyAmount: { amount: '1200000.00', currency: 'CNY' },
      payment: { plan: 'lump-sum' },
      fees: [
        { payer: 'seller', exchange: 'szse', amount: { amount: '2570.00', currency: 'CNY' } },
        { payer: 'buyer', exchange: 'ctex', amount: { amount: '11710.00', currency: 'CNY' } },
      ],
      concludedAt: '2026-03-18T14:00:00+08:00',
      extensions: { szse: { clientId: 'S-20260318-1' } },
    });
  });

  test.each([
    [
      'US-suspended.txt',
      { kind: 'listing-state', listing: { id: 'szse:KJ0020260302', version: 1 }, status: 'suspended' },
    ],
    ['US-resumed.txt', { kind: 'listing-state', status: 'published', reason: '补正完成' }],
    [
      'UI-interest.txt',
      { kind: 'interest', id: 'szse:YX20260306001', listing: { mirror: 'szse:JX0000000001' }, host: 'szse' },
    ],
    ['UJ-decision.txt', { kind: 'interest-decision', interest: 'szse:YX0000000007', home: 'szse', result: 'accepted' }],
    ['UB-bid.txt', { kind: 'bid', amount: { amount: '1310000.00', currency: 'CNY' } }],
    ['UE-deal-certified.txt', { kind: 'deal', status: 'certified', certificate: 'SZJZ2026-0301', version: 2 }],
    ['UC-deal-cancelled.txt', { kind: 'deal', status: 'cancelled', cancelReason: '买方未按约付款' }],
    [
      'UK-deal-confirmed.txt',
      { kind: 'deal-confirmed', deal: 'szse:DJ0005000001', homeNumber: 'CJ2026-0000301', host: 'szse' },
    ],
    ['UF-funds.txt', { kind: 'funds', deal: 'szse:DJ0000000301', leg: 'price-paid', valueDate: '2026-03-20' }],
  ])('%s', (name, expected) => {
    expect(read(sample(name))).toMatchObject(expected);
  });

  test('a message that names no time has the time it was first sent', () => {
    const body = tagged(
      sample('UB-bid.txt').toString().replaceAll('\u0001', '|').replace('60=20260310-10:00:00.000|', ''),
    );
    expect(read(framed(body))).toMatchObject({ placedAt: '2026-03-02T09:30:00+08:00' });
  });
});

describe('back to what SZSE sent', () => {
  const folder = new URL('../../../adapters/szse/samples/', import.meta.url);

  test.each(readdirSync(folder))('%s comes back byte for byte', (name) => {
    const bytes = readFileSync(new URL(name, folder));
    expect(written(read(bytes)).equals(bytes)).toBe(true);
  });

  test.each([
    ['an absent group counter', LISTING.replace('20050=0|', '')],
    ['a lower-case check digit and spaces in a patent number', LISTING.replace('2023101234566', 'ZL 2023 1 0123456.6')],
    ['UL for a later version', LISTING.replace('20002=1|', '20002=4|')],
    ['a listing state "listed"', '35=US|11=S-1|20001=K1|20004=1|'],
    ['a buyer exchange that is SZSE itself', textOf('UD-deal.txt').replace('20078=CTEX', '20078=SZSE')],
  ])('%s comes back as it was', (_, text) => {
    const bytes = tagged(text);
    expect(written(read(bytes)).toString()).toBe(bytes.toString());
  });

  test('how it was written is ignored once the message says something else', () => {
    const message = read(tagged(LISTING.replace('20050=0|', '')));
    const changed = {
      ...message,
      documents: [{ type: 'decision', title: '决议', sha256: 'ab'.repeat(32) }],
    } as Message;
    expect(written(changed).toString()).toContain('20050=1');
  });

  test('a forged note of how it was written changes nothing', () => {
    const message = read(sample('szse-UL-listing.txt'));
    const asSent = {
      written: { '/20041': '1', '/__proto__/polluted': 'x', '/20005': 'a\u000135=UD' },
      absent: ['/20042'],
    };
    const forged = { ...message, extensions: { szse: { ...listing.extensions.szse, asSent } } } as Message;
    expect(written(forged).equals(sample('szse-UL-listing.txt'))).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

function textOf(name: string): string {
  return sample(name).toString().replaceAll('\u0001', '|');
}
