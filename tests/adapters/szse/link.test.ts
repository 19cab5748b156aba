import { decode } from '../../../adapters/szse/decode.ts';
import { encode } from '../../../adapters/szse/encode.ts';
import { decodeStatement } from '../../../adapters/szse/statement.ts';
import type { NativeRequest } from '../../../src/contract/adapter.ts';
import type { Message } from '../../../src/contract/message.ts';
import type { DeskDeal, DeskListing, MockExchange } from '../../../src/contract/mock.ts';
import { ecdsaP256Signer, ecdsaP256Verifier } from '../../../src/trust/native.ts';
import { memoryInMemory } from '../../support/memory.ts';
import { type Gateway, type GatewayOptions, keys, openGateway, startMock, until } from './exchange.ts';
import { sample } from './tagged.ts';

const at = '2026-03-02T09:30:00+08:00';
const seller = {
  name: '深圳示例生物科技有限公司',
  uscc: '91440300MA5F00034N',
  nature: 'private',
  country: '142',
} as const;
const buyer = {
  name: '北京示例材料研究院有限公司',
  uscc: '91110108MA0000015T',
  nature: 'private',
  country: '142',
} as const;

const deskListing: DeskListing = {
  number: 'KJ1',
  version: 1,
  title: '一种测序芯片',
  dealType: 'transfer',
  mode: 'listing',
  objectType: 'invention',
  ipNumber: 'ZL202310123456.6',
  field: '04',
  seller,
  priceKind: 'fixed',
  priceFen: 100_000_000n,
  depositFen: 20_000_000n,
  publishedAt: at,
  startsOn: '2026-03-02',
  endsOn: '2026-03-17',
  plan: 'lump-sum',
};

const deskDeal: DeskDeal = {
  number: 'DJ1',
  version: 1,
  listingNumber: 'KJ1',
  seller,
  buyer,
  buyerExchange: 'ctex',
  dealType: 'transfer',
  mode: 'listing',
  priceFen: 100_000_000n,
  technologyFen: 90_000_000n,
  sellerFeeFen: 200_000n,
  buyerFeeFen: 1_000_000n,
  plan: 'lump-sum',
  signedAt: '2026-03-18T14:00:00+08:00',
};

function request(message: Message, requestId: string, mirror?: string): NativeRequest {
  const encoded = encode(message, mirror === undefined ? { requestId, at } : { requestId, at, mirror });
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
  return encoded.value.request;
}

function foreignListing(number: string, version = 1): Message {
  const decoded = decode(sample('szse-UL-listing.txt'));
  if (!decoded.ok) throw new Error('the sample reads');
  return { ...decoded.value, home: 'ctex', id: `ctex:${number}`, nativeId: number, version, extensions: {} } as Message;
}

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

async function joined(
  options: GatewayOptions = {},
): Promise<{ mock: MockExchange; gateway: Gateway; address: string }> {
  const { mock, address } = await startMock();
  running.push(() => mock.stop());
  const gateway = openGateway(address, options);
  running.push(() => gateway.link.stop());
  await gateway.link.start();
  return { mock, gateway, address: address.address! };
}

describe('requests to SZSE', () => {
  test('a mirrored listing is accepted under the exchange’s own number, a second sending is the same listing', async () => {
    const { mock, gateway } = await joined();
    const first = await gateway.link.send(request(foreignListing('T1'), 'Q-1'));
    expect(first).toMatchObject({ outcome: 'accepted', number: 'JX0000000001' });
    expect(await gateway.link.send(request(foreignListing('T1'), 'Q-1'))).toMatchObject({
      outcome: 'accepted',
      number: 'JX0000000001',
    });
    expect(await gateway.link.send(request(foreignListing('T1', 2), 'Q-2', 'JX0000000001'))).toMatchObject({
      outcome: 'accepted',
      number: 'JX0000000001',
    });
    expect(mock.book.received.get('JX0000000001')).toMatchObject({
      kind: 'listing',
      exchange: 'CTEX',
      foreignNumber: 'T1',
      version: 2,
      fields: { 20041: '128500000' },
    });
    expect([...mock.book.effects]).toEqual([
      ['Q-1', 1],
      ['Q-2', 1],
    ]);
  });

  test('the same id with other content is refused', async () => {
    const { gateway } = await joined();
    await gateway.link.send(request(foreignListing('T1'), 'Q-1'));
    expect(await gateway.link.send(request(foreignListing('T2'), 'Q-1'))).toMatchObject({ outcome: 'refused' });
  });

  test('what SZSE’s rules or fields forbid is refused with its reason', async () => {
    const { mock, gateway } = await joined();
    mock.fail('UN', 'refuse', 1);
    expect(await gateway.link.send(request(foreignListing('T1'), 'Q-1'))).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'rule-refused', en: expect.stringContaining('SZSE-MOCK-REFUSE') }],
    });
    const wrong = request(foreignListing('T1'), 'Q-2');
    const bytes = Buffer.from(Buffer.from(wrong.bytes).toString().replace('20041=128500000', '20041=1285000.00'));
    expect(await gateway.link.send({ id: 'Q-2', bytes })).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'bad-format', en: expect.stringContaining('tag 20041') }],
    });
    const state: Message = { kind: 'listing-state', listing: { mirror: 'szse:JX9' }, status: 'suspended' };
    expect(await gateway.link.send(request(state, 'Q-3'))).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'reference-unknown' }],
    });
  });

  test('busy is tried again after the time SZSE names', async () => {
    const { mock, gateway } = await joined();
    mock.fail('*', 'busy', 1);
    expect(await gateway.link.send(request(foreignListing('T1'), 'Q-1'))).toEqual({
      outcome: 'retry',
      afterMs: 1_000,
      reason: 'busy',
    });
    expect(mock.book.effects.size).toBe(0);
  });

  test('no answer is ambiguous; asking tells what became of it', async () => {
    const { mock, gateway } = await joined({ settings: { timeoutMs: 300 } });
    mock.fail('UN', 'system-error', 1);
    const sent = request(foreignListing('T1'), 'Q-1');
    expect(await gateway.link.send(sent)).toMatchObject({ outcome: 'ambiguous' });
    expect(await gateway.link.ask(sent)).toMatchObject({ outcome: 'accepted', number: 'JX0000000001' });
    expect(await gateway.link.ask(request(foreignListing('T9'), 'Q-9'))).toEqual({ outcome: 'absent' });
    expect([...mock.book.effects]).toEqual([['Q-1', 1]]);
  });

  test('a line cut before the answer is ambiguous; after reconnection asking tells, and nothing is done twice', async () => {
    const { mock, gateway } = await joined();
    mock.fail('UN', 'lost-answer', 1);
    const sent = request(foreignListing('T1'), 'Q-1');
    expect(await gateway.link.send(sent)).toMatchObject({ outcome: 'ambiguous' });
    await until(() => gateway.link.state().up);
    expect(await gateway.link.ask(sent)).toMatchObject({ outcome: 'accepted', number: 'JX0000000001' });
    expect([...mock.book.effects]).toEqual([['Q-1', 1]]);
  });

  test('a message over which SZSE cuts the line is never done; the next one is', async () => {
    const { mock, gateway } = await joined();
    mock.fail('*', 'dropped', Number.POSITIVE_INFINITY, (bytes) => Buffer.from(bytes).includes('11=Q-1'));
    expect((await gateway.link.send(request(foreignListing('T1'), 'Q-1'))).outcome).not.toBe('accepted');
    await until(() => gateway.link.state().up);
    expect(await gateway.link.send(request(foreignListing('T2'), 'Q-2'))).toMatchObject({ outcome: 'accepted' });
    expect([...mock.book.effects]).toEqual([['Q-2', 1]]);
  });

  test('a refused request asked about is still refused', async () => {
    const { gateway } = await joined();
    const state: Message = { kind: 'listing-state', listing: { mirror: 'szse:JX9' }, status: 'suspended' };
    await gateway.link.send(request(state, 'Q-3'));
    expect(await gateway.link.ask(request(state, 'Q-3'))).toMatchObject({ outcome: 'refused' });
  });

  test('an answer signed wrongly is no answer', async () => {
    const { mock, gateway } = await joined();
    mock.fail('UN', 'bad-signature', 1);
    const sent = request(foreignListing('T1'), 'Q-1');
    expect(await gateway.link.send(sent)).toEqual({ outcome: 'ambiguous', reason: 'the answer is signed wrongly' });
    expect(await gateway.link.ask(sent)).toMatchObject({ outcome: 'accepted' });
  });

  test('a gateway that signs with a strange key is not let in', async () => {
    const { address } = await joined();
    const stranger = openGateway({ address }, { signer: ecdsaP256Signer(keys.stranger.privateKey) });
    running.push(() => stranger.link.stop());
    await stranger.link.start();
    expect(stranger.link.state()).toMatchObject({ up: false, detail: { en: 'no session: logon refused: signature' } });
    expect(await stranger.link.send(request(foreignListing('T1'), 'Q-1'))).toMatchObject({ outcome: 'retry' });
  });

  test('a second session of one member is refused, the first goes on', async () => {
    const { gateway, address } = await joined();
    const second = openGateway({ address });
    running.push(() => second.link.stop());
    await second.link.start();
    expect(second.link.state().detail.en).toContain('one session per member');
    expect(await gateway.link.send(request(foreignListing('T1'), 'Q-1'))).toMatchObject({ outcome: 'accepted' });
  });

  test('nobody listening: nothing was sent, it may be tried again, asking knows nothing', async () => {
    const gateway = openGateway({ address: '127.0.0.1:1' });
    running.push(() => gateway.link.stop());
    await gateway.link.start();
    expect(await gateway.link.send(request(foreignListing('T1'), 'Q-1'))).toMatchObject({ outcome: 'retry' });
    expect(await gateway.link.ask(request(foreignListing('T1'), 'Q-1'))).toMatchObject({ outcome: 'ambiguous' });
  });

  test('many are under way at once, each gets its own answer', async () => {
    const { mock, gateway } = await joined();
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, (_, i) => gateway.link.send(request(foreignListing(`T${i}`), `Q-${i}`))),
    );
    for (const [i, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject({ outcome: 'accepted' });
      const number = (outcome as { number: string }).number;
      expect(mock.book.received.get(number)?.foreignNumber).toBe(`T${i}`);
    }
  });
});

describe('messages from SZSE', () => {
  test('everything its desk does arrives in order, signed, and reads as the desk meant it', async () => {
    const { mock, gateway } = await joined();
    const { desk } = mock;
    desk.publish(deskListing);
    desk.change({ ...deskListing, version: 2 });
    desk.setState('KJ1', 2, 'suspended', '补正');
    desk.setState('KJ1', 2, 'resumed', '完成');
    desk.conclude(deskDeal);
    desk.certify('DJ1', 2, 'JZ-1');
    desk.cancel('DJ1', 3, '撤销');
    await until(() => desk.idle());
    const seen = gateway.arrivals.map(({ bytes }) => decode(bytes));
    expect(seen.map((one) => one.ok && [one.value.kind, (one.value as { status?: string }).status])).toEqual([
      ['listing', 'published'],
      ['listing', 'published'],
      ['listing-state', 'suspended'],
      ['listing-state', 'published'],
      ['deal', 'concluded'],
      ['deal', 'certified'],
      ['deal', 'reversed'],
    ]);
    expect(gateway.arrivals[0]!.proof).toMatch(/^[A-Za-z0-9+/=]+\n35=UL/);
    expect(mock.book.turnedDown).toEqual([]);
  });

  test('what SZSE’s buyers do with a mirror, and what SZSE as host confirms', async () => {
    const { mock, gateway } = await joined();
    const { desk } = mock;
    await gateway.link.send(request(foreignListing('T1'), 'Q-1'));
    const mirror = 'JX0000000001';
    desk.registerInterest({ number: 'YX1', mirror, buyer: seller, offerFen: 5n, at });
    desk.bid({ number: 'BJ1', mirror, buyer: seller, amountFen: 7n, at });
    const deal = { ...dealOf(mirror), id: 'ctex:CJ1' } as Message;
    const concluded = await gateway.link.send(request(deal, 'Q-2'));
    expect(concluded).toMatchObject({ outcome: 'accepted', number: expect.stringMatching(/^DJ/) });
    const number = (concluded as { number: string }).number;
    desk.confirm(number);
    const { 0: paid } = [
      { number: 'ZJ1', deal: number, payer: '甲', payee: '乙', valueDate: '2026-03-19', bankRef: 'B1' },
    ];
    desk.pay({ ...paid!, leg: 'price-paid', amountFen: 100_000_000n });
    await until(() => desk.idle());
    const kinds = gateway.arrivals.map(({ bytes }) => decode(bytes)).map((one) => one.ok && one.value);
    expect(kinds).toMatchObject([
      { kind: 'interest', id: 'szse:YX1', listing: { mirror: `szse:${mirror}` }, offer: { amount: '0.05' } },
      { kind: 'bid', amount: { amount: '0.07' } },
      { kind: 'deal-confirmed', deal: `szse:${number}`, homeNumber: 'CJ1', version: 1 },
      { kind: 'funds', deal: `szse:${number}`, leg: 'price-paid' },
    ]);
  });

  test('what other exchanges do with SZSE’s listing reaches its floor', async () => {
    const { mock, gateway } = await joined();
    mock.desk.publish({ ...deskListing, mode: 'bidding' });
    mock.desk.conclude(deskDeal);
    await until(() => mock.desk.idle());
    const party = { ...buyer, kind: 'legal' } as const;
    const amount = { amount: '100.00', currency: 'CNY' } as const;
    const interest: Message = {
      kind: 'interest',
      id: 'ctex:YX9',
      listing: { id: 'szse:KJ1' },
      host: 'ctex',
      buyer: party,
      registeredAt: at,
    };
    const bid: Message = {
      kind: 'bid',
      id: 'ctex:BJ9',
      listing: { id: 'szse:KJ1' },
      host: 'ctex',
      buyer: party,
      amount,
      placedAt: at,
    };
    const confirmed: Message = { kind: 'deal-confirmed', deal: 'szse:DJ1', version: 1, host: 'ctex', number: 'CJ9' };
    const funds: Message = {
      kind: 'funds',
      id: 'ctex:F1',
      deal: 'szse:DJ1',
      leg: 'price-paid',
      payer: '甲',
      payee: '乙',
      amount,
      valueDate: '2026-03-19',
      bankRef: 'B1',
    };
    const sent = [interest, bid, confirmed, funds].map((message, i) => gateway.link.send(request(message, `Q-${i}`)));
    expect(await Promise.all(sent)).toMatchObject(Array(4).fill({ outcome: 'accepted' }));
    const entry = [...mock.book.received.values()].find(({ kind }) => kind === 'interest')!;
    mock.desk.decideInterest(entry.number, true, '符合');
    await until(() => mock.desk.idle());
    const last = decode(gateway.arrivals.at(-1)!.bytes);
    expect(last).toMatchObject({ ok: true, value: { kind: 'interest-decision', interest: `szse:${entry.number}` } });
  });

  test('a refusal of the gateway’s goes back with its reason, a busy gateway is tried again', async () => {
    const { mock, gateway } = await joined();
    let isFirst = true;
    gateway.answer = ({ key }) => {
      if (key.endsWith('-1')) {
        const code = 'disclosure-short';
        return { outcome: 'refused', refusals: [{ code: 'rule-refused', pointer: '/disclosure', zh: code, en: code }] };
      }
      if (!isFirst) return { outcome: 'accepted', messageId: key };
      isFirst = false;
      return { outcome: 'busy', retryAfterMs: 10 };
    };
    mock.desk.publish(deskListing);
    mock.desk.publish({ ...deskListing, number: 'KJ2' });
    await until(() => mock.desk.idle());
    expect(mock.book.turnedDown).toMatchObject([{ code: '3', text: 'disclosure-short /disclosure' }]);
    expect(gateway.arrivals.map(({ key }) => key.slice(-2))).toEqual(['-1', '-2', '-2']);
    expect(gateway.arrivals[1]!.bytes).toEqual(gateway.arrivals[2]!.bytes);
  });

  test('a message not signed by SZSE is turned down and kept', async () => {
    const { mock, gateway } = await joined({ verifier: ecdsaP256Verifier(keys.stranger.publicKey) });
    mock.desk.publish(deskListing);
    await until(() => mock.desk.idle());
    expect(gateway.arrivals).toEqual([]);
    expect(gateway.refused).toMatchObject([{ refusal: { code: 'bad-signature' } }]);
    expect(mock.book.turnedDown).toMatchObject([{ code: '5' }]);
  });

  test('a gateway whose database fails answers busy and gets the message again', async () => {
    const { mock, gateway } = await joined();
    let left = 1;
    gateway.answer = ({ key }) => {
      if (left-- > 0) throw new Error('the database is away');
      return { outcome: 'accepted', messageId: key };
    };
    mock.desk.publish(deskListing);
    await until(() => mock.desk.idle());
    expect(gateway.arrivals.length).toBe(2);
  });

  test('a gateway killed before its answer was out gets the message again after its restart', async () => {
    const { mock, address } = await startMock();
    running.push(() => mock.stop());
    const memory = memoryInMemory();
    const first = openGateway(address, { memory, settings: { timeoutMs: 50 } });
    running.push(() => first.link.stop());
    first.answer = () => new Promise(() => undefined);
    await first.link.start();
    for (let i = 0; i < 20; i++) mock.desk.publish({ ...deskListing, number: `KJ${i}` });
    await until(() => first.arrivals.length === 20);
    await mock.stop();
    const again = await startMock(mock);
    const second = openGateway(again.address, { memory });
    running.push(() => second.link.stop());
    await second.link.start();
    await until(() => mock.desk.idle());
    expect(second.arrivals.map(({ key }) => key)).toEqual(first.arrivals.map(({ key }) => key));
    expect(second.arrivals.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
      first.arrivals.map(({ bytes }) => Buffer.from(bytes).toString()),
    );
  });

  test('after a restart of the gateway both directions go on with the numbers they had', async () => {
    const { mock, address } = await startMock();
    running.push(() => mock.stop());
    const memory = memoryInMemory();
    for (let round = 0; round < 3; round++) {
      const gateway = openGateway(address, { memory });
      await gateway.link.start();
      expect(gateway.link.state().up).toBe(true);
      mock.desk.publish({ ...deskListing, number: `KJ${round}` });
      expect(await gateway.link.send(request(foreignListing(`T${round}`), `Q-${round}`))).toMatchObject({
        outcome: 'accepted',
      });
      await until(() => mock.desk.idle());
      expect(gateway.arrivals.length).toBe(1);
      await gateway.link.stop();
    }
    expect(mock.book.effects.size).toBe(3);
  });
});

describe('day-end books', () => {
  test('the file over HTTP reads with the deals, fees and funds of that day', async () => {
    const { mock, gateway } = await joined();
    mock.desk.publish(deskListing);
    mock.desk.conclude(deskDeal);
    mock.desk.pay({
      number: 'ZJ1',
      deal: 'DJ1',
      leg: 'price-paid',
      payer: '甲',
      payee: '乙',
      amountFen: 50n,
      valueDate: '2026-03-18',
      bankRef: 'B1',
    });
    await gateway.link.send(request(foreignListing('T1'), 'Q-1'));
    await gateway.link.send(request(dealOf('JX0000000001'), 'Q-2'));
    const statement = decodeStatement(await gateway.link.fetchStatement('2026-03-18'));
    expect(statement).toMatchObject({
      ok: true,
      value: {
        date: '2026-03-18',
        batch: 1,
        count: 2,
        totalPrice: { amount: '2000000.00' },
        rows: [
          {
            dealNumber: 'DJ1',
            role: 'home',
            counterExchange: 'ctex',
            state: 'signed',
            fee: { amount: '2000.00' },
            funds: 'part',
          },
          { homeDealNumber: 'CJ1', role: 'host', counterExchange: 'ctex', fee: { amount: '12.00' }, funds: 'none' },
        ],
      },
    });
    mock.desk.certify('DJ1', 2, 'JZ-1');
    expect(decodeStatement(await gateway.link.fetchStatement('2026-03-18'))).toMatchObject({ value: { batch: 2 } });
    await expect(openGateway({ url: 'http://127.0.0.1:1' }).link.fetchStatement('2026-03-18')).rejects.toThrow(
      'no statement for 2026-03-18',
    );
  });
});

function dealOf(mirror: string): Message {
  const money = (amount: string) => ({ amount, currency: 'CNY' }) as const;
  return {
    kind: 'deal',
    id: 'ctex:CJ1',
    version: 1,
    listing: { mirror: `szse:${mirror}` },
    home: 'ctex',
    host: 'szse',
    status: 'concluded',
    dealType: 'transfer',
    mode: 'listing',
    seller: { ...buyer, kind: 'legal' },
    buyer: { ...seller, kind: 'legal' },
    price: money('1000000.00'),
    technologyAmount: money('900000.00'),
    payment: { plan: 'lump-sum' },
    fees: [
      { payer: 'seller', exchange: 'ctex', amount: money('10000.00') },
      { payer: 'buyer', exchange: 'szse', amount: money('12.00') },
    ],
    concludedAt: '2026-03-18T10:00:00+08:00',
  };
}
