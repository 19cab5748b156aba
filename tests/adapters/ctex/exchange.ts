import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openLink } from '../../../adapters/ctex/link.ts';
import { openCtexMock } from '../../../adapters/ctex/mock.ts';
import type { Answer, Arrival, Link, NativeSigner, NativeVerifier } from '../../../src/contract/adapter.ts';
import type { MockExchange, MockPorts } from '../../../src/contract/mock.ts';
import type { Refusal } from '../../../src/contract/refusal.ts';
import { memoryInMemory } from '../../support/memory.ts';

/** A key pair as the exchange's protocol uses it: RSA-2048, PKCS #1 v1.5 with SHA-256. */
export function rsaPair(): { signer: NativeSigner; verifier: NativeVerifier } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    signer: { sign: (bytes) => sign('sha256', bytes, privateKey) },
    verifier: { verify: (bytes, signature) => verify('sha256', bytes, publicKey, signature) },
  };
}

export const keys = { gateway: rsaPair(), exchange: rsaPair(), stranger: rsaPair() };

/** A clock that the test moves. */
export interface TestClock {
  nowMs: number;
}

let nonces = 0;
export function nonce(): string {
  nonces += 1;
  return nonces.toString(16).padStart(32, '0');
}

export interface Desk {
  readonly mock: MockExchange;
  readonly link: Link;
  readonly url: string;
  readonly gatewayUrl: string;
  readonly clock: TestClock;
  readonly arrivals: Arrival[];
  readonly turnedAway: { arrival: Arrival; refusal: Refusal }[];
  /** What `receive` answers; replaced by the test. */
  answer: (arrival: Arrival) => Answer | Promise<Answer>;
  stop(): Promise<void>;
}

/** The mock exchange, and a gateway that is nothing but the link and its webhook, over real sockets. */
export async function openDesk(
  changes: { signer?: NativeSigner; timeoutMs?: number; aheadMs?: number; clocksDiffer?: boolean } = {},
): Promise<Desk> {
  const clock: TestClock = { nowMs: Date.parse('2026-03-02T10:00:00+08:00') };
  const mock = openCtexMock();
  const ports: MockPorts = {
    signer: keys.exchange.signer,
    verifier: keys.gateway.verifier,
    member: 'QIAO',
    port: 0,
    nowMs: () => clock.nowMs,
    nonce,
  };
  const { url = '' } = await mock.start(ports);
  const arrivals: Arrival[] = [];
  const turnedAway: Desk['turnedAway'] = [];
  const link = openLink(
    {
      member: 'QIAO',
      url,
      timeoutMs: changes.timeoutMs ?? 5_000,
      maxAnswerBytes: 1_048_576,
      pollIntervalMs: 100,
      concurrency: 8,
      heartbeatS: 30,
    },
    {
      signer: changes.signer ?? keys.gateway.signer,
      verifier: keys.exchange.verifier,
      memory: memoryInMemory(),
      nowMs: () => clock.nowMs + (changes.aheadMs ?? 0),
      clocksDiffer: () => changes.clocksDiffer === true,
      nonce,
      receive: async (arrival) => {
        arrivals.push(arrival);
        return desk.answer(arrival);
      },
      keepRefused: async (arrival, refusal) => void turnedAway.push({ arrival, refusal }),
      log: () => {},
    },
  );
  await link.start();
  const server = serveWebhook(link);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gatewayUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const desk: Desk = {
    mock,
    link,
    url,
    gatewayUrl,
    clock,
    arrivals,
    turnedAway,
    answer: (arrival) => ({ outcome: 'accepted', messageId: `m-${arrival.key}` }),
    stop: async () => {
      await mock.stop();
      await link.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return desk;
}

/** The route that the gateway serves, without the gateway. */
function serveWebhook(link: Link): Server {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await link.webhook!.receive({
      method: request.method ?? '',
      pathWithQuery: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    });
    response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body);
  });
}

/** Resolves when it is so; checked after each turn of real work, never by a fixed wait. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
