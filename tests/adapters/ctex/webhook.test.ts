import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decode } from '../../../adapters/ctex/decode.ts';
import { encode } from '../../../adapters/ctex/encode.ts';
import { decodeStatement } from '../../../adapters/ctex/statement.ts';
import type { NativeSigner, WebhookRequest } from '../../../src/contract/adapter.ts';
import type { DeskListing } from '../../../src/contract/mock.ts';
import { type Refusal, refuse } from '../../../src/contract/refusal.ts';
import { type Desk, keys, nonce, openDesk, until } from './exchange.ts';
import { buyer, foreignDeal, foreignInterest, foreignListing, seller } from './unified.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  await desk.stop();
});

const sample = readFileSync(new URL('../../../adapters/ctex/samples/project-published.json', import.meta.url));

interface Changes {
  signer?: NativeSigner;
  stampMs?: number;
  nonce?: string;
  path?: string;
  method?: string;
  headers?: Record<string, string | undefined>;
  bodyAfterSigning?: Buffer;
}

/** A request as CTEX signs it, written here from the profile alone. */
function signed(body: Buffer, changes: Changes = {}): WebhookRequest {
  const { signer = keys.exchange.signer, method = 'POST', path = '/exchanges/ctex/notify' } = changes;
  const stamp = String(changes.stampMs ?? desk.clock.nowMs);
  const once = changes.nonce ?? nonce();
  const text = [method, path, stamp, once, createHash('sha256').update(body).digest('hex')].join('\n');
  return {
    method,
    pathWithQuery: path,
    headers: {
      'x-app-id': 'ctex',
      'x-timestamp': stamp,
      'x-nonce': once,
      'x-sign': Buffer.from(signer.sign(Buffer.from(text))).toString('base64'),
      ...changes.headers,
    },
    body: changes.bodyAfterSigning ?? body,
  };
}

async function answerTo(
  request: WebhookRequest,
): Promise<{ code: string; data: Record<string, unknown>; traceId: string }> {
  const answer = await desk.link.webhook!.receive(request);
  expect(answer.status).toBe(200);
  expect(answer.contentType).toContain('application/json');
  return JSON.parse(Buffer.from(answer.body).toString());
}

describe('the webhook', () => {
  test('hands in what CTEX signed: the bytes, the event id, the nonce, the proof, and when it happened', async () => {
    const request = signed(sample);
    expect(await answerTo(request)).toMatchObject({
      code: '0000',
      msg: '成功',
      data: { messageId: 'm-9b1c7c0e-ctex-0001' },
    });
    const [arrival] = desk.arrivals;
    expect(arrival).toMatchObject({
      exchange: 'ctex',
      key: '9b1c7c0e-ctex-0001',
      once: request.headers['x-nonce'],
      arrivedAtMs: desk.clock.nowMs,
      sentAtMs: Date.parse('2026-03-02T09:30:00+08:00'),
    });
    expect(Buffer.from(arrival!.bytes)).toEqual(sample);
    const { text, sign } = JSON.parse(arrival!.proof);
    expect(keys.exchange.verifier.verify(Buffer.from(text), Buffer.from(sign, 'base64'))).toBe(true);
    expect(desk.turnedAway).toEqual([]);
  });

  test('the query belongs to what is signed', async () => {
    expect((await answerTo(signed(sample, { path: '/exchanges/ctex/notify?a=1' }))).code).toBe('0000');
    const other = signed(sample, { path: '/exchanges/ctex/notify?a=1' });
    expect((await answerTo({ ...other, pathWithQuery: '/exchanges/ctex/notify?a=2' })).code).toBe('1002');
  });

  test.each<[string, () => WebhookRequest, string, string]>([
    ['a signature by another key', () => signed(sample, { signer: keys.stranger.signer }), '1002', 'bad-signature'],
    [
      'a body changed after signing',
      () => signed(sample, { bodyAfterSigning: Buffer.from('{}') }),
      '1002',
      'bad-signature',
    ],
    ['no signature', () => signed(sample, { headers: { 'x-sign': undefined } }), '1002', 'bad-signature'],
    ['an empty signature', () => signed(sample, { headers: { 'x-sign': '' } }), '1002', 'bad-signature'],
    ['a signature that is no base64', () => signed(sample, { headers: { 'x-sign': '!!!!' } }), '1002', 'bad-signature'],
    [
      'another nonce than signed',
      () => signed(sample, { headers: { 'x-nonce': 'f'.repeat(32) } }),
      '1002',
      'bad-signature',
    ],
    ['a short nonce', () => signed(sample, { nonce: 'abc' }), '1002', 'bad-signature'],
    ['a timestamp in seconds', () => signed(sample, { stampMs: 1_772_416_800 }), '1002', 'bad-signature'],
    ['somebody else', () => signed(sample, { headers: { 'x-app-id': 'stex' } }), '1002', 'unknown-sender'],
    ['nobody', () => signed(sample, { headers: { 'x-app-id': undefined } }), '1002', 'unknown-sender'],
    ['a timestamp 301 s ago', () => signed(sample, { stampMs: desk.clock.nowMs - 300_001 }), '1003', 'stale'],
    ['a timestamp 301 s ahead', () => signed(sample, { stampMs: desk.clock.nowMs + 300_001 }), '1003', 'stale'],
    ['what is not JSON', () => signed(Buffer.from('{"eventId":')), '1001', 'not-json'],
    ['no event id', () => signed(Buffer.from('{}')), '1001', 'missing-field'],
    ['an event id that is no text', () => signed(Buffer.from('{"eventId":1}')), '1001', 'missing-field'],
    ['an event id too long', () => signed(Buffer.from(`{"eventId":"${'x'.repeat(65)}"}`)), '1001', 'bad-format'],
  ])('turns away %s, and keeps it', async (_, request, code, refusal) => {
    const answer = await answerTo(request());
    expect(answer).toMatchObject({ code, data: { errors: [{ code: refusal }] } });
    expect(desk.arrivals).toEqual([]);
    expect(desk.turnedAway.map((one) => one.refusal.code)).toEqual([refusal]);
  });

  test('a timestamp exactly 300 s off is still taken', async () => {
    expect((await answerTo(signed(sample, { stampMs: desk.clock.nowMs - 300_000 }))).code).toBe('0000');
  });

  test.each<[string, Refusal[], string, string]>([
    ['replayed', [refuse('replayed')], '1003', 'errors'],
    ['bad field', [refuse('bad-money', '/data/price', '1e5')], '1001', 'errors'],
    ['unknown reference', [refuse('reference-unknown', '/listing')], '2002', 'errors'],
    ['wrong state', [refuse('state-forbids')], '2002', 'errors'],
    ['rule', [refuse('party-refused', '/buyer')], '3001', 'rules'],
    ['field and rule', [refuse('red-line'), refuse('bad-date', '/data/noticeEnd')], '1001', 'errors'],
  ])('answers a refusal of kind %s with its code and every reason', async (_, refusals, code, list) => {
    desk.answer = () => ({ outcome: 'refused', refusals });
    const answer = await answerTo(signed(sample));
    expect(answer.code).toBe(code);
    expect(answer.data[list]).toEqual(
      refusals.map(({ code: reason, pointer, zh, en }) => ({ pointer, code: reason, message_zh: zh, message_en: en })),
    );
    expect(answer.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('while the clocks are apart a time out of the window is no word on the event: it comes again', async () => {
    await desk.stop();
    desk = await openDesk({ aheadMs: 600_000, clocksDiffer: true });
    expect(await answerTo(signed(sample))).toMatchObject({ code: '9001', data: { retryAfter: 5 } });
    expect(desk.arrivals).toEqual([]);
    expect(desk.turnedAway.map(({ refusal }) => refusal.code)).toEqual(['stale']);
    // Nothing else passes for a matter of clocks.
    expect((await answerTo(signed(sample, { signer: keys.stranger.signer }))).code).toBe('1002');
  });

  test('busy and a fault both mean: send it again', async () => {
    desk.answer = () => ({ outcome: 'busy', retryAfterMs: 1500 });
    expect(await answerTo(signed(sample))).toMatchObject({ code: '9001', data: { retryAfter: 2 } });
    desk.answer = () => Promise.reject(new Error('the database is gone'));
    expect((await answerTo(signed(sample))).code).toBe('9001');
  });
});

const listing: DeskListing = {
  number: 'TJ2026-1',
  version: 1,
  title: '一种示例方法',
  dealType: 'license',
  licenseScope: 'sole',
  mode: 'listing',
  objectType: 'invention',
  ipNumber: 'ZL202310123456.6',
  field: '06',
  seller: buyer as DeskListing['seller'],
  priceKind: 'fixed',
  priceFen: 128_500_000n,
  depositFen: 25_700_000n,
  publishedAt: '2026-03-02T09:30:00+08:00',
  startsOn: '2026-03-02',
  endsOn: '2026-03-16',
  plan: 'instalments',
  instalments: [
    { percent: 30, dueDays: 5 },
    { percent: 70, dueDays: 180 },
  ],
};

/** What arrived, read. */
function read() {
  return desk.arrivals.map(({ bytes }) => {
    const decoded = decode(bytes);
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
    return decoded.value;
  });
}

describe('the front desk of the mock exchange', () => {
  test('everything it says arrives signed, in order for each listing, and reads as what was said', async () => {
    desk.mock.desk.publish(listing);
    desk.mock.desk.change({ ...listing, version: 2, priceFen: 120_000_000n });
    desk.mock.desk.setState('TJ2026-1', 2, 'suspended', '复核');
    desk.mock.desk.setState('TJ2026-1', 2, 'resumed', '复核完毕');
    expect(desk.mock.desk.idle()).toBe(false);
    desk.mock.desk.aim(desk.gatewayUrl);
    await until(() => desk.mock.desk.idle());
    expect(read()).toMatchObject([
      {
        kind: 'listing',
        id: 'ctex:TJ2026-1',
        version: 1,
        license: { scope: 'sole' },
        price: { amount: { amount: '1285000.00' } },
        deposit: { amount: { amount: '257000.00' } },
        object: { ip: [{ number: 'ZL202310123456.6' }] },
        payment: { instalments: [{ share: '0.30' }, { share: '0.70' }] },
      },
      { kind: 'listing', version: 2, price: { amount: { amount: '1200000.00' } } },
      { kind: 'listing-state', status: 'suspended', reason: '复核' },
      { kind: 'listing-state', status: 'published' },
    ]);
    expect(desk.turnedAway).toEqual([]);
    expect(desk.mock.book.turnedDown).toEqual([]);
  });

  test('a deal goes its way: interest, decision, deal, certificate, money, and the day-end books hold it', async () => {
    desk.mock.desk.aim(desk.gatewayUrl);
    desk.mock.desk.publish(listing);
    const send = async (message: Parameters<typeof encode>[0], requestId: string) => {
      const encoded = encode(message, { requestId, at: '2026-03-02T10:00:00+08:00' });
      if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
      const outcome = await desk.link.send(encoded.value.request);
      if (outcome.outcome !== 'accepted') throw new Error(JSON.stringify(outcome));
      return outcome.number ?? '';
    };
    const intent = await send(foreignInterest('TJ2026-1'), 'r-1');
    desk.mock.desk.decideInterest(intent, true, '通过');
    desk.mock.desk.conclude({
      number: 'CJ-1',
      version: 1,
      listingNumber: 'TJ2026-1',
      seller: buyer as DeskListing['seller'],
      buyer: seller as DeskListing['seller'],
      buyerExchange: 'stex',
      dealType: 'license',
      mode: 'listing',
      priceFen: 128_500_000n,
      technologyFen: 100_000_000n,
      sellerFeeFen: 1_171_000n,
      buyerFeeFen: 642_500n,
      plan: 'lump-sum',
      signedAt: '2026-03-02T10:00:00+08:00',
    });
    expect(
      await send(
        {
          kind: 'deal-confirmed',
          deal: 'ctex:CJ-1',
          version: 1,
          host: 'stex',
          number: '沪技成1',
          confirmedAt: '2026-03-02T11:00:00+08:00',
        },
        'r-2',
      ),
    ).toBe('CJ-1');
    const paid = {
      kind: 'funds',
      id: 'stex:ZJ-1',
      deal: 'ctex:CJ-1',
      leg: 'price-paid',
      payer: seller.name,
      payee: buyer.name,
    } as const;
    await send(
      { ...paid, amount: { amount: '1000000.00', currency: 'CNY' }, valueDate: '2026-03-02', bankRef: 'B1' },
      'r-3',
    );
    desk.mock.desk.certify('CJ-1', 2, '鉴-1');
    const mirror = await send(foreignListing(), 'r-4');
    const hosted = await send(foreignDeal(mirror), 'r-5');
    desk.mock.desk.confirm(hosted);
    desk.mock.desk.pay({
      number: 'ZJ-9',
      deal: hosted,
      leg: 'fee-paid',
      payer: buyer.name,
      payee: '中国技术交易所',
      amountFen: 1_171_000n,
      valueDate: '2026-03-02',
      bankRef: 'B2',
    });
    await until(() => desk.mock.desk.idle());
    const heard = read();
    expect(heard.map(({ kind }) => kind).sort()).toEqual(
      ['deal', 'deal', 'deal-confirmed', 'funds', 'interest-decision', 'listing'].sort(),
    );
    expect(heard.find(({ kind }) => kind === 'interest-decision')).toMatchObject({
      interest: `ctex:${intent}`,
      result: 'accepted',
    });
    expect(heard.find(({ kind }) => kind === 'deal-confirmed')).toMatchObject({
      deal: `ctex:${hosted}`,
      homeNumber: '沪技成2026-0001',
    });

    await expect(desk.link.fetchStatement('2026-03-02')).rejects.toThrow('2002');
    desk.clock.nowMs = Date.parse('2026-03-02T17:00:00+08:00');
    const books = decodeStatement(await desk.link.fetchStatement('2026-03-02'));
    expect(books).toMatchObject({
      ok: true,
      value: {
        date: '2026-03-02',
        count: 2,
        openingCount: 0,
        totalPrice: { amount: '2570000.01' },
        totalFee: { amount: '23420.00' },
        rows: [
          {
            dealNumber: 'CJ-1',
            role: 'home',
            counterExchange: 'stex',
            state: 'certified',
            price: { amount: '1285000.00' },
            fee: { amount: '11710.00' },
            funds: 'part',
          },
          {
            dealNumber: hosted,
            homeDealNumber: '沪技成2026-0001',
            role: 'host',
            state: 'signed',
            price: { amount: '1285000.01' },
            fee: { amount: '11710.00' },
            funds: 'none',
          },
        ],
      },
    });
  });

  test('books of many pages arrive whole and in order', async () => {
    for (let i = 0; i < 1201; i++) {
      desk.mock.desk.conclude({
        number: `CJ-${i}`,
        version: 1,
        listingNumber: `TJ-${i}`,
        seller: buyer as DeskListing['seller'],
        buyer: seller as DeskListing['seller'],
        dealType: 'transfer',
        mode: 'listing',
        priceFen: BigInt(i) + 1n,
        technologyFen: 1n,
        sellerFeeFen: 1n,
        buyerFeeFen: 1n,
        plan: 'lump-sum',
        signedAt: '2026-03-02T10:00:00+08:00',
      });
    }
    desk.clock.nowMs = Date.parse('2026-03-03T09:00:00+08:00');
    const pages = await desk.link.fetchStatement('2026-03-02');
    expect(pages).toHaveLength(3);
    const books = decodeStatement(pages);
    expect(books).toMatchObject({ ok: true, value: { count: 1201, batch: 1 } });
    expect(books.ok && books.value.rows.map(({ dealNumber }) => dealNumber)).toEqual(
      Array.from({ length: 1201 }, (_, i) => `CJ-${i}`),
    );
    desk.mock.desk.cancel('CJ-3', 2, '撤销');
    const again = decodeStatement(await desk.link.fetchStatement('2026-03-02'));
    expect(again.ok && [again.value.batch, again.value.rows[3]?.state]).toEqual([2, 'cancelled']);
  });

  test('an event goes out again, under its own id, until it is durable', async () => {
    let turns = 0;
    desk.answer = ({ key }) => {
      turns += 1;
      return turns < 3 ? { outcome: 'busy', retryAfterMs: 1 } : { outcome: 'accepted', messageId: key };
    };
    desk.mock.desk.aim(desk.gatewayUrl);
    desk.mock.desk.publish(listing);
    await until(() => desk.mock.desk.idle());
    expect(turns).toBe(3);
    expect(new Set(desk.arrivals.map(({ key }) => key)).size).toBe(1);
    expect(new Set(desk.arrivals.map(({ once }) => once)).size).toBe(3);
  });

  test('a wrong signature of its own is turned away, and the event comes again signed rightly', async () => {
    desk.mock.fail('listing', 'bad-signature', 1);
    desk.mock.desk.aim(desk.gatewayUrl);
    desk.mock.desk.publish(listing);
    await until(() => desk.mock.desk.idle());
    expect(desk.turnedAway.map(({ refusal }) => refusal.code)).toEqual(['bad-signature']);
    expect(desk.arrivals).toHaveLength(1);
  });

  test('what the gateway turns down is noted, and the rest goes on', async () => {
    desk.answer = () => ({ outcome: 'refused', refusals: [refuse('rule-refused')] });
    desk.mock.desk.aim(desk.gatewayUrl);
    desk.mock.desk.publish(listing);
    await until(() => desk.mock.desk.idle());
    expect(desk.mock.book.turnedDown).toEqual([{ key: desk.arrivals[0]!.key, code: '3001', text: '不符合交易规则' }]);
  });

  test('a message made elsewhere goes out as it is', async () => {
    desk.mock.desk.aim(desk.gatewayUrl);
    desk.mock.desk.send(sample);
    await until(() => desk.mock.desk.idle());
    expect(Buffer.from(desk.arrivals[0]!.bytes)).toEqual(sample);
    expect(desk.arrivals[0]!.key).toBe('9b1c7c0e-ctex-0001');
  });
});
