import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { openLink } from '../../adapters/ctex/link.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { keys, nonce } from '../adapters/ctex/exchange.ts';
import { forgetKeys, getJson, type Journey, openJourney } from '../journeys/federation.ts';
import { memoryInMemory } from '../support/memory.ts';

/** Threat 13: a participant writes an address into a message so that the gateway calls it, from inside its own network. */

const servers: Server[] = [];
let calls = 0;
let port: number;

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  port = await listening(
    createServer((socket) => {
      calls += 1;
      socket.destroy();
    }),
  );
});
afterAll(() => {
  for (const server of servers) server.close();
  forgetKeys();
});

/** All of them 127.0.0.1 to a URL parser. */
const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '017700000001', '①②⑦.⓪.⓪.①', '[::ffff:7f00:1]'];

test('addresses in every text of a message are text: relayed, shown, stored, and never called', async () => {
  for (const host of hosts.slice(0, 6))
    expect(new URL(`http://${host}/`).hostname).toMatch(/^(127\.0\.0\.1|localhost)$/);
  const journey: Journey = await openJourney({ limits: { pollIntervalMs: 50, outboxPollMs: 20 } });
  for (const [i, home] of exchanges.entries()) {
    const [first, ...rest] = hosts.map((host) => `http://${host}:${port}/${home}`);
    const listing = sampleListing(home, i + 1, journey.clock.nowMs());
    journey.mocks[home].desk.publish({
      ...listing,
      title: first!,
      summary: rest.join(' '),
      ipTitle: `<img src="${first}">`,
      seller: { ...listing.seller, name: `公司 ${rest[1]}` },
    });
  }
  await journey.settle();
  for (const home of exchanges) {
    const { items } = await getJson<{ items: { title: string; home: string }[] }>(journey, `/v1/listings?home=${home}`);
    expect(items.map(({ title }) => title)).toEqual([`http://127.0.0.1:${port}/${home}`]);
    expect(journey.mocks[home].book.received.size).toBe(2);
  }
  await journey.close();
  expect(calls).toBe(0);
});

describe('an exchange that answers with somebody else’s address', () => {
  const linkTo = (url: string) =>
    openLink(
      {
        member: 'QIAO',
        url,
        timeoutMs: 2_000,
        maxAnswerBytes: 1_048_576,
        pollIntervalMs: 100,
        concurrency: 1,
        heartbeatS: 30,
      },
      {
        signer: keys.gateway.signer,
        verifier: keys.exchange.verifier,
        memory: memoryInMemory(),
        nowMs: Date.now,
        nonce,
        receive: async () => ({ outcome: 'busy', retryAfterMs: 1 }),
        keepRefused: async () => {},
        log: () => {},
      },
    );

  test.each([301, 302, 303, 307, 308])('a redirection (%i) is not followed: it is no answer', async (status) => {
    let asked = 0;
    const redirects: RequestListener = (_, response) => {
      asked += 1;
      response.writeHead(status, { location: `http://127.0.0.1:${port}/inside` }).end();
    };
    const link = linkTo(`http://127.0.0.1:${await listening(createHttpServer(redirects))}`);
    await link.start();
    const request = { id: 'R-1', bytes: Buffer.from('{}'), method: 'POST', path: '/openapi/v2/x' } as const;
    expect((await link.send(request)).outcome).toBe('ambiguous');
    await expect(link.fetchStatement('2026-03-02')).rejects.toThrow();
    expect([asked >= 2, calls]).toEqual([true, 0]);
    await link.stop();
  });

  test('a path in a message cannot leave the configured address', async () => {
    const paths: string[] = [];
    const sees: RequestListener = (request, response) => {
      paths.push(request.url ?? '');
      response.end('{}');
    };
    const own = await listening(createHttpServer(sees));
    const link = linkTo(`http://127.0.0.1:${own}`);
    await link.start();
    for (const id of ['../../admin', `http://127.0.0.1:${port}/`, '//127.0.0.1', '?a=b#c', '\r\nHost: x']) {
      await Promise.resolve()
        .then(() => link.ask({ id, bytes: Buffer.from('{}'), method: 'POST', path: '/openapi/v2/x' }))
        .catch(() => {});
    }
    await link.stop();
    for (const path of paths) expect(path).toMatch(/^\/openapi\/v2\/requests\/[^/?#]+$/);
    expect(calls).toBe(0);
  });
});
