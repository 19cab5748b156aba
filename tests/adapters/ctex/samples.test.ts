import { readdirSync, readFileSync } from 'node:fs';
import { decode } from '../../../adapters/ctex/decode.ts';
import { encode } from '../../../adapters/ctex/encode.ts';
import type { Message } from '../../../src/contract/message.ts';

const folder = new URL('../../../adapters/ctex/samples/', import.meta.url);
const names = readdirSync(folder).sort();

function read(name: string): { bytes: Buffer; message: Message } {
  const bytes = readFileSync(new URL(name, folder));
  const decoded = decode(bytes);
  if (!decoded.ok) throw new Error(`${name}: ${JSON.stringify(decoded.refusals)}`);
  return { bytes, message: decoded.value };
}

const yuan = (amount: string) => ({ amount, currency: 'CNY' });

describe('the published project of the profile', () => {
  test('reads as the unified listing that the profile describes, field by field', () => {
    expect(read('project-published.json').message).toEqual({
      kind: 'listing',
      id: 'ctex:TJ2026-000123',
      version: 1,
      home: 'ctex',
      nativeId: 'TJ2026-000123',
      direction: 'supply',
      status: 'published',
      title: '一种高比能固态电池电解质制备方法',
      summary: '……',
      dealType: 'transfer',
      object: {
        type: 'invention',
        field: '06',
        industry: 'C3841',
        ipc: ['H01M 10/0562'],
        maturity: 6,
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
      price: { kind: 'fixed', amount: yuan('1285000.00') },
      deposit: { amount: yuan('257000.00') },
      disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-16', days: 14, dayKind: 'calendar' },
      payment: {
        plan: 'instalments',
        instalments: [
          { share: '0.30', dueDays: 5 },
          { share: '0.70', dueDays: 180 },
        ],
      },
      eligibility: { foreign: false, naturalPerson: true },
      documents: [{ type: 'title-proof', title: '专利登记簿副本.pdf', sha256: '0f'.repeat(32) }],
      export: 'none',
      publishedAt: '2026-03-02T09:30:00+08:00',
      extensions: {
        ctex: {
          event: { id: '9b1c7c0e-ctex-0001', type: 'PROJECT_PUBLISHED', at: '2026-03-02T09:30:00+08:00' },
          priceUnit: '万元',
          contact: { dept: '项目部', ext: '8021' },
        },
      },
    });
  });
});

describe('every sample', () => {
  test.each(names)('%s reads, and CTEX gets back exactly what it sent', (name) => {
    const { bytes, message } = read(name);
    const back = encode(message, { requestId: 'r-1', at: '2026-04-01T00:00:00+08:00' });
    if (!back.ok) throw new Error(JSON.stringify(back.refusals));
    expect(back.value.loss).toEqual([]);
    expect(JSON.parse(Buffer.from(back.value.request.bytes).toString())).toEqual(JSON.parse(bytes.toString()));
  });
});

describe('what single samples say', () => {
  test('a project without IP rights that is know-how; its natural-person seller keeps the idType', () => {
    const { message } = read('project-published-know-how.json');
    expect(message).toMatchObject({
      object: { type: 'know-how', ip: [] },
      license: { scope: 'ordinary' },
      price: { kind: 'negotiable' },
      seller: { kind: 'natural', nature: 'natural-person' },
      payment: { plan: 'upfront-and-royalty' },
      extensions: { ctex: { ipType: 'MM', sellerIdType: 'SFZ' } },
    });
  });

  test('amounts in 元 are 元', () => {
    expect(read('project-changed.json').message).toMatchObject({
      version: 2,
      price: { amount: yuan('1250000.00') },
      deposit: { amount: yuan('250000.00') },
    });
  });

  test('a public R&D unit under notice', () => {
    expect(read('project-published-notice-open.json').message).toMatchObject({
      regime: 'public-rnd',
      mode: 'agreement',
      disclosure: {
        notice: { kind: 'public-rnd-notice', startsOn: '2026-02-24', endsOn: '2026-03-11', objections: false },
      },
    });
  });

  test.each([
    ['project-suspended.json', 'suspended'],
    ['project-resumed.json', 'published'],
    ['project-offline.json', 'withdrawn'],
  ])('%s is a listing-state %s', (name, status) => {
    expect(read(name).message).toMatchObject({
      kind: 'listing-state',
      status,
      listing: { version: expect.any(Number) },
    });
  });

  test('buyers of CTEX for mirrored projects: interest and bid', () => {
    expect(read('intent-submitted.json').message).toMatchObject({
      kind: 'interest',
      id: 'ctex:YX2026-000031',
      host: 'ctex',
      listing: { mirror: 'ctex:JX2026-000007' },
      offer: yuan('1285000.00'),
      registeredAt: '2026-03-10T10:19:40+08:00',
    });
    expect(read('quote-submitted.json').message).toMatchObject({ kind: 'bid', amount: yuan('2010000.01') });
  });

  test('deals: signed, certified, cancelled, confirmed', () => {
    expect(read('deal-signed.json').message).toMatchObject({
      kind: 'deal',
      id: 'ctex:CJ2026-000045',
      home: 'ctex',
      host: 'stex',
      status: 'concluded',
      listing: { id: 'ctex:TJ2026-000123' },
      price: yuan('1250000.00'),
      technologyAmount: yuan('1200000.00'),
      fees: [
        { payer: 'seller', exchange: 'ctex', amount: yuan('11500.00') },
        { payer: 'buyer', exchange: 'stex', amount: yuan('6250.00') },
      ],
    });
    expect(read('deal-certified.json').message).toMatchObject({
      status: 'certified',
      certificate: '中技鉴2026-000045',
    });
    expect(read('deal-cancelled.json').message).toMatchObject({
      status: 'cancelled',
      cancelReason: '受让方逾期未付首期价款',
    });
    expect(read('deal-confirmed.json').message).toMatchObject({
      kind: 'deal-confirmed',
      deal: 'ctex:CJ2026-900003',
      homeNumber: '沪技成2026-0000113',
      host: 'ctex',
      version: 1,
    });
  });

  test('funds are in 元, and name a deal or an interest', () => {
    expect(read('fund-event.json').message).toMatchObject({
      leg: 'price-paid',
      deal: 'ctex:CJ2026-000045',
      amount: yuan('375000.00'),
    });
    expect(read('fund-event-deposit.json').message).toMatchObject({
      leg: 'deposit-held',
      interest: 'ctex:YX2026-000031',
      amount: yuan('257000.00'),
    });
  });
});
