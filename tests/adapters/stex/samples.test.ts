import { readdirSync, readFileSync } from 'node:fs';
import { decode } from '../../../adapters/stex/decode.ts';
import { encode } from '../../../adapters/stex/encode.ts';
import { decodeStatement } from '../../../adapters/stex/statement.ts';
import { readDocument } from '../../../adapters/stex/wire.ts';

const folder = new URL('../../../adapters/stex/samples/', import.meta.url);
const names = readdirSync(folder).filter((name) => /^\d{3}/.test(name));
const frame = { requestId: 'Q-1', at: '2026-03-02T10:00:00+08:00' };
const sample = (name: string) => readFileSync(new URL(name, folder));

function decoded(name: string) {
  const message = decode(sample(name));
  if (!message.ok) throw new Error(JSON.stringify(message.refusals));
  return message.value;
}

test('the profile’s own sample reads as the profile says', () => {
  expect(decoded('101-listing.xml')).toEqual({
    kind: 'listing',
    id: 'stex:沪技挂2026-0088',
    version: 1,
    home: 'stex',
    nativeId: '沪技挂2026-0088',
    direction: 'supply',
    status: 'published',
    title: '工业机器人谐波减速器精密加工技术',
    summary: '……',
    dealType: 'transfer',
    object: {
      type: 'invention',
      field: '03',
      industry: 'C3491',
      ipc: ['F16H 49/00', 'B23F 17/00'],
      maturity: 7,
      ip: [
        {
          type: 'invention',
          number: 'ZL202310123456.6',
          title: '一种谐波减速器柔轮加工方法',
          holders: ['上海示例智能装备有限公司'],
          filedOn: '2023-02-03',
          expiresOn: '2043-02-03',
          encumbrances: [],
        },
      ],
    },
    seller: {
      name: '上海示例智能装备有限公司',
      kind: 'legal',
      uscc: '91310110MA1G003960',
      nature: 'private',
      region: '310110',
      country: '142',
    },
    regime: 'private',
    mode: 'agreement',
    price: { kind: 'fixed', amount: { amount: '1285000.00', currency: 'CNY' } },
    deposit: { amount: { amount: '257000.00', currency: 'CNY' } },
    disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-30', days: 28, dayKind: 'calendar' },
    payment: {
      plan: 'instalments',
      instalments: [
        { share: '0.30', dueDays: 5 },
        { share: '0.70', dueDays: 180 },
      ],
    },
    documents: [
      {
        type: 'title-proof',
        title: '权属证明.pdf',
        sha256: '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f',
      },
    ],
    export: 'none',
    publishedAt: '2026-03-02T09:30:00+08:00',
    extensions: { stex: { WDBH: 'SH20260302000017', SJ: '20260302093000', BZ: '可现场考察' } },
  });
});

test.each([
  ['101-notice-open.xml', 'listing', { regime: 'public-rnd' }],
  ['102-change.xml', 'listing', { version: 2 }],
  [
    '103-suspended.xml',
    'listing-state',
    { listing: { id: 'stex:沪技挂2026-0088', version: 2 }, status: 'suspended', reason: '权属核查' },
  ],
  [
    '201-interest.xml',
    'interest',
    { id: 'stex:沪技意2026-0031', listing: { mirror: 'stex:JX2026-5000001' }, host: 'stex' },
  ],
  ['202-decision.xml', 'interest-decision', { interest: 'stex:YX2026-5000002', home: 'stex', result: 'accepted' }],
  ['203-bid.xml', 'bid', { id: 'stex:沪技价2026-0012', amount: { amount: '1350000.00', currency: 'CNY' } }],
  [
    '301-deal.xml',
    'deal',
    {
      home: 'stex',
      host: 'ctex',
      status: 'concluded',
      fees: [
        { payer: 'seller', exchange: 'stex', amount: { amount: '5900.00', currency: 'CNY' } },
        { payer: 'buyer', exchange: 'ctex', amount: { amount: '11440.00', currency: 'CNY' } },
      ],
    },
  ],
  ['302-certified.xml', 'deal', { version: 2, status: 'certified', certificate: '沪技鉴2026-0007' }],
  ['303-cancelled.xml', 'deal', { status: 'cancelled', cancelReason: '双方协商撤销' }],
  ['303-reversed.xml', 'deal', { status: 'reversed', certificate: '沪技鉴2026-0007' }],
  [
    '304-confirmed.xml',
    'deal-confirmed',
    {
      deal: 'stex:沪技成2026-5000003',
      homeNumber: 'CJ2026-0000012',
      version: 1,
      host: 'stex',
      confirmedAt: '2026-04-10T09:30:00+08:00',
    },
  ],
  ['401-deposit.xml', 'funds', { interest: 'stex:沪技意2026-0031', leg: 'deposit-held', valueDate: '2026-03-06' }],
])('%s reads as a %s', (name, kind, expected) => {
  expect(decoded(name)).toMatchObject({ kind, ...expected });
});

test.each(names)('%s comes back exactly as STEX sent it', (name) => {
  const message = decoded(name);
  const again = encode(message, frame);
  if (!again.ok) throw new Error(JSON.stringify(again.refusals));
  expect(again.value.loss).toEqual([]);
  expect(again.value.request).toMatchObject({ method: 'POST', path: '/tep/inbox' });
  expect(readDocument(again.value.request.bytes)).toEqual(readDocument(sample(name)));
  expect(decode(again.value.request.bytes)).toEqual({ ok: true, value: message });
});

test('what STEX writes in a way of its own comes back in that way', () => {
  const text = new TextDecoder('gb18030').decode(sample('101-notice-open.xml'));
  const odd = text
    .replace('<XZ>022', '<XZ>021')
    .replace('<XMJJ>……</XMJJ>', '')
    .replace('<XKFS/>', '')
    .replace(/<FJ>.*<\/FJ>/, '')
    .replace('LX="101"', 'LX="102"');
  const bytes = iconvless(odd);
  const message = decode(bytes);
  if (!message.ok) throw new Error(JSON.stringify(message.refusals));
  const again = encode(message.value, frame);
  expect(again.ok && readDocument(again.value.request.bytes)).toEqual(readDocument(bytes));
});

test('what was kept about the writing is not believed when it would say something else', () => {
  const message = decoded('101-notice-open.xml') as unknown as { extensions: { stex: Record<string, unknown> } };
  const forged = { written: { '/GPJG': '1.00', '/__proto__/polluted': '1' }, absent: ['/BZJ'] };
  const again = encode(
    { ...message, extensions: { stex: { ...message.extensions.stex, asSent: forged } } } as never,
    frame,
  );
  expect(again.ok && new TextDecoder('gb18030').decode(again.value.request.bytes)).toContain(
    '<GPJG>1,285,000.00</GPJG>',
  );
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('a mirror that replaces an earlier one names it', () => {
  const message = decoded('101-listing.xml');
  if (message.kind !== 'listing') throw new Error();
  const { extensions: _, ...listing } = {
    ...message,
    home: 'ctex' as const,
    id: 'ctex:TJ2026-000123',
    nativeId: 'TJ2026-000123',
  };
  const encoded = encode(listing, { ...frame, mirror: 'JX2026-5000001' });
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
  const document = readDocument(encoded.value.request.bytes);
  expect(document).toMatchObject({
    ok: true,
    value: {
      head: { LX: '111', WDBH: 'Q-1' },
      content: { YJYS: 'CTEX', YXMBH: 'TJ2026-000123', JXBH: 'JX2026-5000001' },
    },
  });
  expect(decode(encoded.value.request.bytes)).toMatchObject({
    value: { ...listing, extensions: { stex: { JXBH: 'JX2026-5000001' } } },
  });
});

test('the day-end books read with their totals, and their digest is checked over the bytes', () => {
  const page = sample('statement-2026-04-09.xml');
  const statement = decodeStatement([page]);
  expect(statement).toMatchObject({
    ok: true,
    value: {
      kind: 'statement',
      exchange: 'stex',
      date: '2026-04-09',
      batch: 1,
      openingCount: 1,
      count: 2,
      totalPrice: { amount: '1430000.50' },
      totalFee: { amount: '7150.00' },
    },
  });
  expect(statement.ok && statement.value.rows[1]).toEqual({
    dealNumber: '沪技成2026-5000003',
    homeDealNumber: 'DJ0000000074',
    role: 'host',
    counterExchange: 'szse',
    state: 'certified',
    buyerCode: '91310110MA1G0002XY',
    sellerCode: '91440300MA5F00034N',
    price: { amount: '250000.50', currency: 'CNY' },
    fee: { amount: '1250.00', currency: 'CNY' },
    businessDate: '2026-04-09',
    funds: 'full',
  });
  const changed = Buffer.from(page);
  changed[changed.indexOf('250,000.50')] = 0x33;
  expect(decodeStatement([changed])).toMatchObject({
    ok: false,
    refusals: [{ code: 'bad-checksum', pointer: '/@ZY' }],
  });
  expect(decodeStatement([])).toMatchObject({ ok: false });
  expect(decodeStatement([page, page])).toMatchObject({ ok: false });
  expect(decodeStatement([sample('101-listing.xml')])).toMatchObject({
    ok: false,
    refusals: [{ code: 'unknown-kind' }],
  });
});

function iconvless(text: string): Uint8Array {
  // The sample's own bytes with ASCII parts changed: no encoder needed.
  const original = sample('101-notice-open.xml');
  const source = original.toString('latin1');
  const changed = source
    .replace('<XZ>022', '<XZ>021')
    .replace(/<XMJJ>[^<]*<\/XMJJ>/, '')
    .replace('<XKFS/>', '')
    .replace(/<FJ>.*<\/FJ>/, '')
    .replace('LX="101"', 'LX="102"');
  const bytes = Buffer.from(changed, 'latin1');
  expect(new TextDecoder('gb18030').decode(bytes)).toBe(text);
  return bytes;
}
