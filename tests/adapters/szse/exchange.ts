import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { openLink } from '../../../adapters/szse/link.ts';
import { openSzseMock } from '../../../adapters/szse/mock.ts';
import type { Answer, Arrival, Link, LinkMemory, LinkPorts, LinkSettings } from '../../../src/contract/adapter.ts';
import type { MockExchange } from '../../../src/contract/mock.ts';
import type { Refusal } from '../../../src/contract/refusal.ts';
import { ecdsaP256Signer, ecdsaP256Verifier } from '../../../src/trust/native.ts';
import { memoryInMemory } from '../../support/memory.ts';

/** Key pairs of this run. */
export const keys = { gateway: p256(), exchange: p256(), stranger: p256() };

function p256(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

let drawn = 0;

/** 32 hexadecimal characters, never the same. */
export function nonce(): string {
  return (++drawn).toString(16).padStart(32, '0');
}

/** One gateway end of a session, and everything that happened at it. */
export interface Gateway {
  readonly link: Link;
  readonly arrivals: Arrival[];
  readonly refused: { readonly arrival: Arrival; readonly refusal: Refusal }[];
  readonly events: string[];
  /** What `receive` answers; may be set any time. */
  answer: (arrival: Arrival) => Answer | Promise<Answer>;
}

export interface GatewayOptions {
  readonly memory?: LinkMemory;
  readonly settings?: Partial<LinkSettings>;
  readonly signer?: LinkPorts['signer'];
  readonly verifier?: LinkPorts['verifier'];
}

export function openGateway(
  at: { readonly address?: string; readonly url?: string },
  options: GatewayOptions = {},
): Gateway {
  const gateway = {
    arrivals: [] as Arrival[],
    refused: [] as Gateway['refused'][number][],
    events: [] as string[],
    answer: ((arrival) => ({ outcome: 'accepted', messageId: arrival.key })) as Gateway['answer'],
  };
  const ports: LinkPorts = {
    signer: options.signer ?? ecdsaP256Signer(keys.gateway.privateKey),
    verifier: options.verifier ?? ecdsaP256Verifier(keys.exchange.publicKey),
    memory: options.memory ?? memoryInMemory(),
    nowMs: () => Date.now(),
    nonce,
    receive: async (arrival) => {
      gateway.arrivals.push(arrival);
      return gateway.answer(arrival);
    },
    keepRefused: async (arrival, refusal) => void gateway.refused.push({ arrival, refusal }),
    log: (_, event) => void gateway.events.push(event),
  };
  const settings: LinkSettings = {
    member: 'QIAO',
    ...at,
    timeoutMs: 5_000,
    maxAnswerBytes: 10_000_000,
    pollIntervalMs: 50,
    concurrency: 32,
    heartbeatS: 30,
    ...options.settings,
  };
  return Object.assign(gateway, { link: openLink(settings, ports) });
}

export async function startMock(mock: MockExchange = openSzseMock()) {
  const address = await mock.start({
    signer: ecdsaP256Signer(keys.exchange.privateKey),
    verifier: ecdsaP256Verifier(keys.gateway.publicKey),
    member: 'QIAO',
    port: 0,
    nowMs: () => Date.now(),
    nonce,
  });
  return { mock, address };
}

/** Waits until it is so; the test's own time limit ends it otherwise. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A server that a test plays SZSE on, message by message. */
export async function openStage() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    /** The n-th connection, once it is there. */
    connection: async (n: number): Promise<Socket> => {
      await until(() => sockets.length > n);
      return sockets[n]!;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
