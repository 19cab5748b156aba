import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encode } from '../../../adapters/ctex/encode.ts';
import { openLink } from '../../../adapters/ctex/link.ts';
import type { NativeRequest } from '../../../src/contract/adapter.ts';
import type { Message } from '../../../src/contract/message.ts';
import { memoryInMemory } from '../../support/memory.ts';
import { type Desk, keys, nonce, openDesk } from './exchange.ts';
import { foreignDeal, foreignInterest, foreignListing } from './unified.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  await desk.stop();
});

function request(message: Message, requestId: string, mirror?: string): NativeRequest {
  const encoded = encode(message, {
    requestId,
    at: '2026-03-02T10:00:00+08:00',
    ...(mirror === undefined ? {} : { mirror }),
  });
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
  return encoded.value.request;
}

/** Shows a listing of STEX at CTEX and says under which number. */
async function mirrored(): Promise<string> {
  const outcome = await desk.link.send(request(foreignListing(), 'r-mirror'));
  if (outcome.outcome !== 'accepted' || outcome.number === undefined) throw new Error(JSON.stringify(outcome));
  return outcome.number;
}

describe('sending to CTEX', () => {
  test('a listing of another exchange is accepted under a mirror number, in exactly one effect', async () => {
    const number = await mirrored();
    expect(desk.mock.book.received.get(number)).toMatchObject({
      kind: 'listing',
      exchange: 'stex',
      foreignNumber: '沪技挂2026-0088',
      version: 1,
      state: 'PUBLISHED',
      fields: { price: '128.5', priceUnit: '万元', ipList: [{ ipNo: 'ZL 2023 1 0123456.6' }] },
    });
    expect(desk.mock.book.effects.get('r-mirror')).toBe(1);
    expect(desk.link.state()).toMatchObject({ up: true, lastHeardAtMs: desk.clock.nowMs });
  });

  test('the same request again is accepted with the first number and has no second effect', async () => {
    const number = await mirrored();
    expect(await desk.link.send(request(foreignListing(), 'r-mirror'))).toMatchObject({ outcome: 'accepted', number });
    expect(desk.mock.book.effects.get('r-mirror')).toBe(1);
    expect([...desk.mock.book.received.keys()]).toEqual([number]);
  });

  test('the same listing under another request id gets the number it has', async () => {
    const number = await mirrored();
    expect(await desk.link.send(request(foreignListing(), 'r-other'))).toMatchObject({ outcome: 'accepted', number });
    expect(desk.mock.book.received.size).toBe(1);
  });

  test('the same request id with other content is refused', async () => {
    await mirrored();
    const other = request(foreignListing({ title: '另一项技术' }), 'r-mirror');
    expect(await desk.link.send(other)).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'bad-format', pointer: '/requestId' }],
    });
  });

  test('a new version replaces the mirror under its number', async () => {
    const number = await mirrored();
    const next = request(foreignListing({ version: 2, title: '改版' }), 'r-2', number);
    expect(next).toMatchObject({ method: 'PUT', path: `/openapi/v2/mirror/projects/${number}` });
    expect(await desk.link.send(next)).toMatchObject({ outcome: 'accepted', number });
    expect(desk.mock.book.received.get(number)).toMatchObject({ version: 2, fields: { projectName: '改版' } });
  });

  test('a suspension reaches the mirror', async () => {
    const number = await mirrored();
    const state: Message = {
      kind: 'listing-state',
      listing: { mirror: `ctex:${number}`, version: 1 },
      status: 'suspended',
      reason: '价格复核',
    };
    expect((await desk.link.send(request(state, 'r-3'))).outcome).toBe('accepted');
    expect(desk.mock.book.received.get(number)?.state).toBe('SUSPENDED');
  });

  test('a deal on a mirror gets its own number, which the later versions keep', async () => {
    const mirror = await mirrored();
    const first = await desk.link.send(request(foreignDeal(mirror), 'd-1'));
    expect(first).toMatchObject({ outcome: 'accepted', number: expect.stringMatching(/^CJ/) });
    const second = await desk.link.send(
      request(foreignDeal(mirror, { version: 2, status: 'certified', certificate: '鉴2026-1' }), 'd-2'),
    );
    expect(second).toMatchObject({ outcome: 'accepted', number: (first as { number: string }).number });
  });

  test('an interest in a project that CTEX does not have is refused', async () => {
    expect(await desk.link.send(request(foreignInterest('TJ2026-9'), 'i-1'))).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'reference-unknown' }],
    });
  });

  test.each([-600_000, 600_000])(
    'a clock %i ms off is no refusal: the request goes again, signed anew',
    async (aheadMs) => {
      await desk.stop();
      desk = await openDesk({ aheadMs });
      expect(await desk.link.send(request(foreignListing(), 'r-1'))).toMatchObject({ outcome: 'retry', afterMs: 1000 });
      expect(desk.mock.book.effects.size).toBe(0);
    },
  );

  test('a busy exchange means: certainly not done, try again', async () => {
    desk.mock.fail('listing', 'busy', 1);
    expect(await desk.link.send(request(foreignListing(), 'r-1'))).toMatchObject({ outcome: 'retry', afterMs: 1000 });
    expect(desk.mock.book.effects.size).toBe(0);
    expect((await desk.link.send(request(foreignListing(), 'r-1'))).outcome).toBe('accepted');
  });

  test('a refusal by its rules is a refusal that names the rule', async () => {
    desk.mock.fail('*', 'refuse', 1);
    const outcome = await desk.link.send(request(foreignListing(), 'r-1'));
    expect(outcome).toMatchObject({ outcome: 'refused', refusals: [{ code: 'rule-refused' }] });
    expect((outcome as unknown as { refusals: { zh: string }[] }).refusals[0]?.zh).toContain('CTEX-GZ-001');
  });

  test('a message that CTEX falls over again and again is never done, and harms no other', async () => {
    desk.mock.fail('*', 'dropped', Number.POSITIVE_INFINITY, (bytes) => Buffer.from(bytes).includes('"r-1"'));
    for (let attempt = 0; attempt < 3; attempt++) {
      expect((await desk.link.send(request(foreignListing(), 'r-1'))).outcome).toBe('ambiguous');
      expect(await desk.link.ask(request(foreignListing(), 'r-1'))).toEqual({ outcome: 'absent' });
    }
    expect((await desk.link.send(request(foreignListing(), 'r-2'))).outcome).toBe('accepted');
    expect([...desk.mock.book.effects.keys()]).toEqual(['r-2']);
  });

  test.each(['system-error', 'lost-answer'] as const)(
    'after a %s the link asks, and learns that it was done',
    async (fault) => {
      desk.mock.fail('listing', fault, 1);
      const sent = request(foreignListing(), 'r-1');
      expect((await desk.link.send(sent)).outcome).toBe('ambiguous');
      const answer = await desk.link.ask(sent);
      expect(answer).toMatchObject({ outcome: 'accepted', number: expect.stringMatching(/^JX/) });
      expect(desk.mock.book.effects.get('r-1')).toBe(1);
    },
  );

  test('asking about a request that never came says so; while the exchange is busy nothing is known', async () => {
    const sent = request(foreignListing(), 'r-unsent');
    expect(await desk.link.ask(sent)).toEqual({ outcome: 'absent' });
    desk.mock.fail('query', 'busy', 1);
    expect((await desk.link.ask(sent)).outcome).toBe('ambiguous');
    desk.mock.fail('query', 'lost-answer', 1);
    expect((await desk.link.ask(sent)).outcome).toBe('ambiguous');
  });

  test('what is wrong in a body is refused field by field', async () => {
    const good = request(foreignListing(), 'r-1');
    const body = JSON.parse(Buffer.from(good.bytes).toString());
    for (const [change, pointer] of [
      [{ techType: 'ZZ' }, '/techType'],
      [{ price: '1e5' }, '/price'],
      [{ noticeEnd: '2026-02-30' }, '/noticeEnd'],
      [{ seller: { ...body.seller, creditCode: '91110108MA0000015A' } }, '/seller/creditCode'],
      [{ surprise: 1 }, '/surprise'],
    ] as const) {
      const id = `r${pointer}`;
      const bytes = Buffer.from(JSON.stringify({ ...body, ...change, requestId: id }));
      expect(await desk.link.send({ ...good, id, bytes })).toMatchObject({
        outcome: 'refused',
        refusals: [{ code: 'bad-format', pointer }],
      });
    }
    expect(desk.mock.book.effects.size).toBe(0);
  });

  test('a signature by another key is refused', async () => {
    const stranger = await openDesk({ signer: keys.stranger.signer });
    expect(await stranger.link.send(request(foreignListing(), 'r-1'))).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'bad-signature' }],
    });
    expect(stranger.mock.book.effects.size).toBe(0);
    await stranger.stop();
  });

  test('a request sent a second time, nonce and all, is refused as replayed; one without signature as unsigned', async () => {
    const headers: Record<string, string> = {};
    const { signer } = keys.gateway;
    const stamp = String(desk.clock.nowMs);
    const path = '/openapi/v2/requests/r-1';
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256').update('').digest('hex');
    const once = nonce();
    const text = `GET\n${path}\n${stamp}\n${once}\n${hash}`;
    headers['X-App-Id'] = 'QIAO';
    headers['X-Timestamp'] = stamp;
    headers['X-Nonce'] = once;
    headers['X-Sign'] = Buffer.from(signer.sign(Buffer.from(text))).toString('base64');
    const get = async (changed: Record<string, string>) =>
      ((await (await fetch(desk.url + path, { headers: changed })).json()) as { code: string }).code;
    expect(await get(headers)).toBe('2001');
    expect(await get(headers)).toBe('1003');
    const { 'X-Sign': _, ...unsigned } = headers;
    expect(await get(unsigned)).toBe('1002');
    desk.clock.nowMs += 300_001;
    expect(await get({ ...headers, 'X-Nonce': nonce() })).toBe('1002');
    expect(await get(headers)).toBe('1003');
  });

  test('nobody at the address: certainly not sent; nobody answering: ambiguous', async () => {
    const settings = {
      member: 'QIAO',
      timeoutMs: 100,
      maxAnswerBytes: 10_000,
      pollIntervalMs: 1,
      concurrency: 2,
      heartbeatS: 30,
    };
    const ports = {
      ...keys.gateway,
      memory: memoryInMemory(),
      nowMs: () => 0,
      nonce,
      receive: async () => ({ outcome: 'busy' as const, retryAfterMs: 1 }),
      keepRefused: async () => {},
      log: () => {},
    };
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const toSilence = openLink({ ...settings, url: `http://127.0.0.1:${port}` }, ports);
    expect((await toSilence.send(request(foreignListing(), 'r-1'))).outcome).toBe('ambiguous');
    await toSilence.stop();
    silent.closeAllConnections();
    await new Promise<void>((resolve) => silent.close(() => resolve()));
    const toNobody = openLink({ ...settings, url: `http://127.0.0.1:${port}` }, ports);
    expect(await toNobody.send(request(foreignListing(), 'r-1'))).toMatchObject({ outcome: 'retry' });
    expect((await toNobody.ask(request(foreignListing(), 'r-1'))).outcome).toBe('ambiguous');
    await toNobody.stop();
  });

  test.each([
    ['not JSON', 200, 'hello'],
    ['a gateway error page', 502, '<html>'],
    ['a code that no table has', 200, '{"code":"7777"}'],
    ['an answer too long', 200, `{"code":"0000","data":{"x":"${'x'.repeat(20_000)}"}}`],
    ['a redirect', 302, ''],
  ])('an answer that is %s is ambiguous', async (_, status, text) => {
    const odd = createServer((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end(text));
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const link = openLink(
      {
        member: 'QIAO',
        url: `http://127.0.0.1:${(odd.address() as AddressInfo).port}`,
        timeoutMs: 5_000,
        maxAnswerBytes: 10_000,
        pollIntervalMs: 1,
        concurrency: 2,
        heartbeatS: 30,
      },
      {
        ...keys.gateway,
        memory: memoryInMemory(),
        nowMs: () => 0,
        nonce,
        receive: async () => ({ outcome: 'busy', retryAfterMs: 1 }),
        keepRefused: async () => {},
        log: () => {},
      },
    );
    expect((await link.send(request(foreignListing(), 'r-1'))).outcome).toBe('ambiguous');
    await link.stop();
    odd.closeAllConnections();
    await new Promise<void>((resolve) => odd.close(() => resolve()));
  });
});
