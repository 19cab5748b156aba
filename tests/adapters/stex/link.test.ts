import { createPrivateKey, createSign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { stex } from '../../../adapters/stex/adapter.ts';
import type { Frame, NativeRequest } from '../../../src/contract/adapter.ts';
import type { Message } from '../../../src/contract/message.ts';
import { memoryInMemory } from '../../support/memory.ts';
import { messageOf } from '../../support/messages.ts';
import {
  deskListing,
  exchangeKeys,
  gatewayKeys,
  type Market,
  newGateway,
  openMarket,
  portsOf,
  settings,
} from './market.ts';

const frameOf = (requestId: string): Frame => ({ requestId, at: '2026-03-02T10:00:00+08:00' });

function request(message: Message, id: string, mirror?: string): NativeRequest {
  const encoded = stex.encode(message, { ...frameOf(id), ...(mirror === undefined ? {} : { mirror }) });
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
  return encoded.value.request;
}

const [foreignListing] = fc.sample(messageOf('listing', { for: 'stex', home: 'ctex' }), { numRuns: 1, seed: 7 });

const party = {
  name: '上海示例半导体有限公司',
  uscc: '91310110MA1G0002XY',
  nature: 'private' as const,
  region: '310110',
  country: '142',
};

let market: Market;
beforeEach(async () => {
  market = await openMarket();
});
afterEach(() => market.close());

describe('sending to STEX', () => {
  test('a mirror is accepted with its number, and the same request again gets the first answer', async () => {
    const sent = request(foreignListing!, 'Q-1');
    const first = await market.link.send(sent);
    expect(first).toMatchObject({ outcome: 'accepted', number: expect.stringMatching(/^JX/) });
    const second = await market.link.send(sent);
    expect(second).toMatchObject({ outcome: 'accepted', number: (first as { number?: string }).number });
    expect(market.mock.book.effects.get('Q-1')).toBe(1);
    expect(market.mock.book.received.size).toBe(1);
  });

  test('the same request id with other content is refused', async () => {
    await market.link.send(request(foreignListing!, 'Q-1'));
    const other = request({ ...foreignListing!, title: '另一项目' }, 'Q-1');
    expect(await market.link.send(other)).toMatchObject({ outcome: 'refused', refusals: [{ code: 'bad-format' }] });
  });

  test('a rule refusal names the rules', async () => {
    market.mock.fail('111', 'refuse', 1);
    const answer = await market.link.send(request(foreignListing!, 'Q-1'));
    expect(answer).toMatchObject({ outcome: 'refused', refusals: [{ code: 'rule-refused' }] });
    expect(await market.link.ask(request(foreignListing!, 'Q-1'))).toMatchObject({ outcome: 'refused' });
  });

  test('an interest in a project STEX does not have is refused', async () => {
    const [interest] = fc.sample(messageOf('interest', { for: 'stex', home: 'stex' }), { numRuns: 1, seed: 1 });
    expect(await market.link.send(request(interest!, 'Q-2'))).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'reference-unknown' }],
    });
  });

  test('busy is retried, and it did not happen', async () => {
    market.mock.fail('*', 'busy', 1);
    const sent = request(foreignListing!, 'Q-1');
    expect(await market.link.send(sent)).toMatchObject({ outcome: 'retry' });
    expect(await market.link.ask(sent)).toEqual({ outcome: 'absent' });
    expect(await market.link.send(sent)).toMatchObject({ outcome: 'accepted' });
  });

  test.each(['system-error', 'lost-answer', 'bad-signature'] as const)(
    'after a %s nobody knows, until STEX is asked',
    async (fault) => {
      market.mock.fail('111', fault, 1);
      const sent = request(foreignListing!, 'Q-1');
      expect(await market.link.send(sent)).toMatchObject({ outcome: 'ambiguous' });
      expect(await market.link.ask(sent)).toMatchObject({ outcome: 'accepted', number: expect.any(String) });
      expect(market.mock.book.effects.get('Q-1')).toBe(1);
    },
  );

  test('a message that STEX falls over again and again is never done, and harms no other', async () => {
    market.mock.fail('*', 'dropped', Number.POSITIVE_INFINITY, (bytes) => Buffer.from(bytes).includes('"Q-1"'));
    const poison = request(foreignListing!, 'Q-1');
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await market.link.send(poison)).toMatchObject({ outcome: 'ambiguous', unanswered: true });
      expect(await market.link.ask(poison)).toEqual({ outcome: 'absent' });
    }
    expect(await market.link.send(request(foreignListing!, 'Q-2'))).toMatchObject({ outcome: 'accepted' });
    expect([...market.mock.book.effects.keys()]).toEqual(['Q-2']);
  });

  test('many requests at once each get their own answer', async () => {
    const listings = fc.sample(messageOf('listing', { for: 'stex', home: 'szse' }), { numRuns: 60, seed: 3 });
    const unique = [...new Map(listings.map((listing) => [listing.id, listing])).values()];
    const answers = await Promise.all(unique.map((listing, i) => market.link.send(request(listing, `Q-${i}`))));
    expect(answers.map(({ outcome }) => outcome)).toEqual(unique.map(() => 'accepted'));
    expect(market.mock.book.received.size).toBe(unique.length);
  });

  test('where nothing listens, nothing was sent', async () => {
    const url = market.url;
    await market.mock.stop();
    const link = stex.openLink({ ...settings, url }, portsOf(newGateway()));
    expect(await link.send(request(foreignListing!, 'Q-1'))).toMatchObject({ outcome: 'retry' });
    await link.stop();
  });
});

describe('signatures', () => {
  const withPorts = async (changed: Parameters<typeof portsOf>[1], act: (link: Market['link']) => Promise<void>) => {
    const link = stex.openLink({ ...settings, url: market.url }, portsOf(newGateway(), changed));
    await act(link);
    await link.stop();
  };
  const sent = request(foreignListing!, 'Q-1');

  test('plain ECDSA on the SM2 curve is not SM2: STEX refuses it', async () => {
    const key = createPrivateKey(gatewayKeys.pem);
    const plain = { sign: (bytes: Uint8Array) => createSign('sm3').update(bytes).sign(key) };
    await withPorts({ signer: plain }, async (link) => {
      expect(await link.send(sent)).toMatchObject({ outcome: 'refused', refusals: [{ code: 'bad-signature' }] });
    });
    expect(market.mock.book.received.size).toBe(0);
  });

  test('another’s key and another’s name are refused', async () => {
    await withPorts({ signer: exchangeKeys.signer }, async (link) => {
      expect(await link.send(sent)).toMatchObject({ outcome: 'refused', refusals: [{ code: 'bad-signature' }] });
    });
    const link = stex.openLink({ ...settings, url: market.url, member: 'OTHER' }, portsOf(newGateway()));
    expect(await link.send(sent)).toMatchObject({ outcome: 'refused', refusals: [{ code: 'bad-signature' }] });
    await link.stop();
  });

  test('a stale time and a serial used before are no word on the document: it goes again under new ones', async () => {
    const late = { nowMs: () => Date.now() - 301_000 };
    const answersIgnored = { verifier: exchangeKeys.verifier };
    await withPorts({ ...late, ...answersIgnored }, async (link) => {
      // The link in turn finds the answer too new for its own clock, so it is not believed either.
      expect(await link.send(sent)).toMatchObject({ outcome: 'ambiguous', reason: expect.stringContaining('stale') });
    });
    await market.link.send(request(foreignListing!, 'Q-9'));
    await withPorts({}, async (link) => {
      expect(await link.send(sent)).toMatchObject({ outcome: 'retry' });
    });
    expect(market.mock.book.effects.has('Q-1')).toBe(false);
  });

  test.each(['absent', 'replayed', 'for another body', 'from another member'] as const)(
    'an answer whose signature is %s proves nothing',
    async (how) => {
      const proxy = await openProxy(market.url, how);
      const link = stex.openLink({ ...settings, url: proxy.url }, portsOf(newGateway()));
      if (how === 'replayed') expect(await link.send(sent)).toMatchObject({ outcome: 'accepted' });
      expect(await link.send(sent)).toMatchObject({ outcome: 'ambiguous' });
      await link.stop();
      await proxy.stop();
    },
  );
});

/** Passes requests on and spoils the answers. */
async function openProxy(target: string, how: string): Promise<{ url: string; stop(): Promise<void> }> {
  let first: { headers: Record<string, string>; body: Buffer } | undefined;
  const server: Server = createServer(async (incoming, outgoing) => {
    const parts: Buffer[] = [];
    for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part);
    const names = Object.entries(incoming.headers).filter(([name]) => name.startsWith('x-stex-'));
    const answer = await fetch(target + incoming.url, {
      method: incoming.method!,
      headers: Object.fromEntries(names) as Record<string, string>,
      ...(incoming.method === 'POST' ? { body: Buffer.concat(parts) } : {}),
    });
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith('x-stex-')));
    const body = Buffer.from(await answer.arrayBuffer());
    first ??= { headers, body };
    const shown = how === 'replayed' ? first : { headers, body };
    if (how === 'absent') delete shown.headers['x-stex-signature'];
    if (how === 'from another member') shown.headers['x-stex-member'] = 'CTEX';
    outgoing.writeHead(200, shown.headers);
    outgoing.end(how === 'for another body' ? Buffer.concat([body, Buffer.from(' ')]) : shown.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe('fetching from STEX', () => {
  test('documents arrive in order, each as its own bytes, and are acknowledged once durable', async () => {
    for (let i = 0; i < 450; i++) market.mock.desk.publish({ ...deskListing, number: `沪技挂2026-${i}` });
    await market.link.start();
    await market.until(() => market.mock.desk.idle());
    const { arrivals } = market.gateway;
    expect(arrivals).toHaveLength(450);
    expect(market.link.state()).toMatchObject({ up: true });
    const ids = arrivals.map(({ bytes, key }) => {
      const message = stex.decode(bytes);
      if (!message.ok || message.value.kind !== 'listing') throw new Error('no listing');
      expect(message.value.extensions?.stex?.WDBH).toBe(key);
      return message.value.id;
    });
    expect(ids).toEqual(arrivals.map((_, i) => `stex:沪技挂2026-${i}`));
  });

  test('the page of several documents is kept once, before any of them is handed in', async () => {
    const memory = memoryInMemory();
    const kept: number[] = [];
    const other = await openMarket({ ports: { memory } });
    other.gateway.answer = async ({ key }) => {
      kept.push(memory.wholes.size);
      return { outcome: 'accepted', messageId: key };
    };
    other.mock.desk.publish(deskListing);
    other.mock.desk.setState(deskListing.number, 2, 'suspended', '核查');
    await other.link.start();
    await other.until(() => other.mock.desk.idle());
    await other.close();
    expect(kept).toEqual([1, 1]);
  });

  test('while the gateway is busy nothing is acknowledged; what it refuses is', async () => {
    let busy = 2;
    market.gateway.answer = async ({ key }) => {
      if (busy-- > 0) return { outcome: 'busy', retryAfterMs: 1 };
      return { outcome: 'refused', refusals: [{ code: 'rule-refused', pointer: '', zh: key, en: key }] };
    };
    market.mock.desk.publish(deskListing);
    await market.link.start();
    await market.until(() => market.mock.desk.idle());
    expect(market.gateway.arrivals).toHaveLength(3);
    expect(new Set(market.gateway.arrivals.map(({ key }) => key)).size).toBe(1);
  });

  test('a fault behind the gateway, a lost answer, a wrong signature: the documents come again', async () => {
    let faults = 1;
    market.gateway.answer = async ({ key }) => {
      if (faults-- > 0) throw new Error('the database is away');
      return { outcome: 'accepted', messageId: key };
    };
    market.mock.fail('outbox', 'lost-answer', 1);
    market.mock.fail('outbox', 'bad-signature', 1);
    market.mock.fail('ack', 'lost-answer', 1);
    market.mock.fail('outbox', 'busy', 1);
    market.mock.desk.publish(deskListing);
    await market.link.start();
    await market.until(() => market.mock.desk.idle());
    expect(market.gateway.refused).toMatchObject([{ refusal: { code: 'bad-signature' } }]);
    expect(market.gateway.arrivals.length).toBeGreaterThanOrEqual(1);
  });

  test('a broken document neither stops nor hides the others', async () => {
    market.mock.desk.publish(deskListing);
    market.mock.desk.send(Buffer.from('<WD WDBH="BROKEN" LX="101"><XM>'));
    market.mock.desk.publish({ ...deskListing, number: '沪技挂2026-0102' });
    market.mock.desk.send(Buffer.from('nothing at all'));
    market.mock.desk.publish({ ...deskListing, number: '沪技挂2026-0103' });
    await market.link.start();
    await market.until(() => market.mock.desk.idle());
    const numbers = market.gateway.arrivals.map(({ bytes }) => {
      const message = stex.decode(bytes);
      return message.ok && message.value.kind === 'listing' ? message.value.nativeId : '';
    });
    expect([...new Set(numbers)]).toEqual([deskListing.number, '沪技挂2026-0102', '沪技挂2026-0103']);
    expect(market.gateway.refused.map(({ refusal }) => refusal.code)).toEqual(['not-xml', 'not-xml']);
  });
});

test('a deal with a buyer from another exchange goes its whole way, and the books of the day say so', async () => {
  const today = new Date(Date.now() + 28_800_000).toISOString().slice(0, 10);
  const at = `${today}T00:00:00+08:00`;
  const { desk, book } = market.mock;
  desk.publish(deskListing);
  const deal = {
    number: '沪技成2026-0001',
    version: 1,
    listingNumber: deskListing.number,
    seller: deskListing.seller,
    buyer: { ...party, uscc: '91110108MA0000015T' },
    buyerExchange: 'ctex' as const,
    dealType: 'transfer' as const,
    mode: 'agreement' as const,
    priceFen: 128_500_000n,
    technologyFen: 100_000_000n,
    sellerFeeFen: 642_500n,
    buyerFeeFen: 1_285_000n,
    plan: 'lump-sum' as const,
    signedAt: at,
  };
  desk.conclude(deal);
  const confirmed = await market.link.send(
    request({ kind: 'deal-confirmed', deal: 'stex:沪技成2026-0001', version: 1, host: 'ctex', number: 'CJ-9' }, 'Q-1'),
  );
  expect(confirmed).toMatchObject({ outcome: 'accepted', number: '沪技成2026-0001' });
  desk.certify(deal.number, 2, '沪技鉴2026-0001');

  const mirrored = await market.link.send(request(foreignListing!, 'Q-2'));
  if (mirrored.outcome !== 'accepted') throw new Error(JSON.stringify(mirrored));
  desk.registerInterest({ number: '沪技意2026-1', mirror: mirrored.number!, buyer: party, at });
  const [other] = fc.sample(
    messageOf('deal', { for: 'stex', home: 'ctex', host: 'stex' }).filter(({ status }) => status === 'concluded'),
    { numRuns: 1, seed: 5 },
  );
  const hosted = { ...other!, listing: { mirror: `stex:${mirrored.number}` }, version: 1, concludedAt: at };
  const taken = await market.link.send(request(hosted, 'Q-3'));
  if (taken.outcome !== 'accepted') throw new Error(JSON.stringify(taken));
  desk.confirm(taken.number!);
  const paid = {
    kind: 'funds' as const,
    id: 'ctex:ZJ-1',
    deal: `stex:${taken.number}`,
    leg: 'price-paid' as const,
    payer: '甲',
    payee: '乙',
    amount: hosted.price,
    valueDate: today,
    bankRef: 'BK-1',
  };
  expect(await market.link.send(request(paid, 'Q-4'))).toMatchObject({ outcome: 'accepted' });
  expect([...book.received.values()].map(({ kind }) => kind).sort()).toEqual([
    'deal',
    'deal-confirmed',
    'funds',
    'listing',
  ]);

  await market.link.start();
  await market.until(() => desk.idle());
  const kinds = market.gateway.arrivals.map(({ bytes }) => {
    const message = stex.decode(bytes);
    if (!message.ok) throw new Error(JSON.stringify(message.refusals));
    return message.value.kind;
  });
  expect(kinds).toEqual(['listing', 'deal', 'deal', 'interest', 'deal-confirmed']);

  const pages = await market.link.fetchStatement(today);
  const statement = stex.decodeStatement(pages);
  if (!statement.ok) throw new Error(JSON.stringify(statement.refusals));
  expect(statement.value).toMatchObject({ date: today, batch: 1, count: 2, openingCount: 0 });
  expect(statement.value.rows).toMatchObject([
    { dealNumber: deal.number, role: 'home', counterExchange: 'ctex', state: 'certified', fee: { amount: '6425.00' } },
    { dealNumber: taken.number, role: 'host', homeDealNumber: hosted.id.slice(5), state: 'signed', funds: 'full' },
  ]);
  desk.cancel(deal.number, 3, '撤销');
  const again = stex.decodeStatement(await market.link.fetchStatement(today));
  expect(again).toMatchObject({ ok: true, value: { batch: 2, rows: [{ state: 'cancelled' }, {}] } });
  await expect(market.link.fetchStatement('2099-01-01')).rejects.toThrow('FHDM 21');
});
