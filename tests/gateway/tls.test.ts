/** The whole gateway among its three exchanges, on the key store's own files. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { defaultLimits } from '../../src/config-limits.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { crlPem } from '../../src/trust/hierarchies.ts';
import { dersOfPem } from '../../src/trust/pki/pem.ts';
import { getJson, type Journey, MORNING, OPERATOR, openJourney } from '../journeys/federation.ts';
import { putDemoKeys } from '../support/demo-keys.ts';

/** The promise: a revocation has taken effect everywhere, on open connections too, after so long. */
const PROMISED_MS = 5_000;

/** Generous: the machine may be busy with other tests. */
const PATIENCE_MS = 100_000;

let keysFolder: string;
let journey: Journey;
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  keysFolder = mkdtempSync(join(tmpdir(), 'qiao-tls-'));
  await putDemoKeys(keysFolder, MORNING);
  journey = await openJourney({ keysFolder });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await journey.close();
  rmSync(keysFolder, { recursive: true, force: true });
});

const stored = (path: string) => readFileSync(join(keysFolder, 'demo', path), 'utf8');
const serialOf = (participant: string) =>
  new X509Certificate(stored(`participants/${participant}/tls.chain.pem`)).serialNumber.toLowerCase();

let number = 1;

/** What the federation's TLS authority does when certificates are revoked: a new list, put in place of the old. */
async function publishCrl(revoked: readonly string[]): Promise<void> {
  const [certificate] = dersOfPem('CERTIFICATE', stored('ca/main-tls.cert.pem'));
  const authority = {
    kind: 'ec' as const,
    demo: true,
    certificate: certificate!,
    privateKeyPem: createPrivateKey(stored('ca/main-tls.key.pem')).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const at = new Date(journey.clock.nowMs() - 1_000);
  number += 1;
  const entries = revoked.map((participant) => ({
    serial: serialOf(participant),
    at,
    reason: 'keyCompromise' as const,
  }));
  const pem = await crlPem(authority, number, at, new Date(at.getTime() + 86_400_000), entries);
  const path = join(keysFolder, 'demo', 'crl', 'main-tls.crl.pem');
  writeFileSync(`${path}.new`, pem);
  renameSync(`${path}.new`, path);
}

/** Someone who comes to the port for exchanges with that participant's key. */
async function come(participant: string | undefined): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(journey.gateway.exchangeUrl!);
  const own =
    participant === undefined
      ? {}
      : {
          key: stored(`participants/${participant}/tls.key.pem`),
          cert: stored(`participants/${participant}/tls.chain.pem`),
        };
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...own });
  socket.on('error', () => {});
  sockets.push(socket);
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {});
  return socket;
}

/** The status of the answer, or `cut`. */
async function statusOf(socket: TLSSocket, line: string): Promise<number | 'cut'> {
  if (socket.destroyed) return 'cut';
  socket.write(`${line} HTTP/1.1\r\nhost: qiao\r\ncontent-length: 0\r\n\r\n`);
  const [first] = (await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => [])) as unknown[];
  return Buffer.isBuffer(first) ? Number(/^HTTP\/1\.1 (\d+)/.exec(first.toString('latin1'))?.[1]) : 'cut';
}

const NOTIFY = 'POST /exchanges/ctex/notify';

async function linesUp(): Promise<readonly Exchange[]> {
  const { items } = await getJson<{ items: { exchange: Exchange; link: { up: boolean } }[] }>(journey, '/v1/adapters');
  return items.filter(({ link }) => link.up).map(({ exchange }) => exchange);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

it(
  'relays between all three over mutual TLS',
  async () => {
    expect(journey.gateway.exchangeUrl).toMatch(/^https:\/\/127\.0\.0\.1:/);
    for (const [index, exchange] of exchanges.entries()) {
      journey.mocks[exchange].desk.publish(sampleListing(exchange, index + 1, journey.clock.nowMs()));
    }
    await journey.settle(PATIENCE_MS);
    for (const exchange of exchanges) expect(journey.mocks[exchange].book.received.size).toBe(2);
    expect(await linesUp()).toEqual([...exchanges]);
  },
  PATIENCE_MS,
);

it('takes pushes on the port for exchanges only, and nothing else there', async () => {
  const plain = await fetch(`${journey.gateway.url}/exchanges/ctex/notify`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: `Bearer ${OPERATOR}` },
  });
  expect(plain.status).toBe(404);
  const ctex = await come('ctex');
  expect(await statusOf(ctex, NOTIFY)).toBe(200);
  expect(await statusOf(ctex, 'GET /v1/listings')).toBe(404);
  expect(await statusOf(ctex, 'POST /exchanges/stex/notify')).toBe(404);
  for (const other of ['stex', 'szse', 'qiao', undefined]) {
    expect([other, await statusOf(await come(other), NOTIFY)]).toEqual([other, 'cut']);
  }
});

it(
  'cuts every open line within five seconds of a revocation, keeps them cut, and takes them up again with new certificates',
  async () => {
    const pushing = await come('ctex');
    expect(await statusOf(pushing, NOTIFY)).toBe(200);
    const cut = once(pushing, 'close');
    // A slow machine may be late; what is promised is how often the gateway looks, and that it cuts when it has seen.
    expect(defaultLimits.trustPollMs + defaultLimits.peerCheckMs).toBeLessThan(PROMISED_MS);
    await publishCrl(['ctex', 'stex', 'szse']);
    await cut;
    await until(async () => (await linesUp()).filter((exchange) => exchange !== 'ctex').length === 0);
    expect(await statusOf(await come('ctex'), NOTIFY)).toBe('cut');

    // What is published now waits at home: neither pushed, nor fetched, nor sent.
    const held = new Map(exchanges.map((exchange) => [exchange, journey.mocks[exchange].book.received.size]));
    for (const [index, exchange] of exchanges.entries()) {
      journey.mocks[exchange].desk.publish(sampleListing(exchange, index + 11, journey.clock.nowMs()));
    }
    expect(journey.mocks.ctex.desk.idle()).toBe(false);
    expect(new Map(exchanges.map((exchange) => [exchange, journey.mocks[exchange].book.received.size]))).toEqual(held);

    // A list without them stands for new certificates here: it is the same to the lines.
    await publishCrl([]);
    await journey.settle(PATIENCE_MS);
    for (const exchange of exchanges) expect(journey.mocks[exchange].book.received.size).toBe(held.get(exchange)! + 2);
    expect(journey.errors).toEqual([]);
  },
  PATIENCE_MS,
);
