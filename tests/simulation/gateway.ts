import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { adapters } from '../../adapters/all.ts';
import { readConfig } from '../../src/config.ts';
import type { Limits } from '../../src/config-limits.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { openFaults } from '../../src/faults.ts';
import type { GatewayParts, Log } from '../../src/gateway.ts';
import { openRelay } from '../../src/gateway-relay.ts';
import type { Rules } from '../../src/gateway-rulebooks.ts';
import { repeat } from '../../src/gateway-timing.ts';
import { openedSoFar } from '../../src/start-failure.ts';
import type { TlsSide } from '../../src/trust/tls.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import type { Store } from './store.ts';
import type { Program, World } from './world.ts';

export interface GatewayWorld {
  readonly world: World;
  readonly network: Network;
  readonly store: Store;
  readonly keys: Keys;
  readonly rules: Rules;
  readonly limits: Partial<Limits>;
  /** One wake-up in so many is lost: a number in [0, 1). */
  readonly wakesLost: number;
  /** The gateways alive now. */
  gateways(): readonly SimulatedGateway[];
  onError(program: Program, event: string, error: unknown): void;
}

/** A gateway as a program of the world: the relay as it is, on the world's network, time and chance. */
export interface SimulatedGateway {
  readonly program: Program;
  /** What a queue or a notification brings it. */
  woken(exchange: Exchange): void;
  heard(exchange: string): void;
}

const ADDRESSES = {
  NODE_ENV: 'test',
  QIAO_MEMBER: 'QIAO',
  QIAO_CTEX_URL: 'https://ctex:443',
  QIAO_STEX_URL: 'https://stex:443',
  QIAO_SZSE_ADDRESS: 'tls://szse:443',
  QIAO_SZSE_FILES_URL: 'https://szse-files:443',
};

/** Starts a gateway; everything it does from now on is that program's. */
export function startGateway(program: Program, parts: GatewayWorld): SimulatedGateway {
  const { world, network, store, keys, rules, limits: changed, wakesLost, onError } = parts;
  const { random } = world;
  const config = readConfig(ADDRESSES, { limits: changed });
  const { limits } = config;
  const nowMs = () => Math.floor(world.clockOf(program));
  const database = store.open(program, 4);
  const log: Log = (level, event, fields = {}) => {
    if (level === 'error') onError(program, event, fields.error);
    world.note(`${program.name} ${level} ${event}`);
  };
  const hex = (length: number) => Array.from({ length }, () => Math.floor(random.next() * 16).toString(16)).join('');
  const newId = () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  let woken: (exchange: Exchange) => void = () => {};
  let heard: (exchange: string) => void = () => {};
  const tellOne = (what: string, tell: (gateway: SimulatedGateway) => void) => {
    const gateways = parts.gateways();
    if (random.next() < wakesLost || gateways.length === 0) return;
    const gateway = random.pick(gateways);
    world.after(random.next() * 5, gateway.program, what, () => tell(gateway));
  };
  const gatewayParts = {
    ...{ config, adapters, databaseUrl: '', log, nowMs },
    keys: { trust: keys.trust, link: (exchange: Exchange) => keys.native('qiao', exchange) },
    random: () => random.next(),
  } as unknown as GatewayParts;
  const tls = {
    port: () => ({ connect: (host: string) => network.dial(program, host) }),
  } as unknown as TlsSide;
  const faults = openFaults(log, nowMs);

  const start = async () => {
    const relay = await openRelay(
      gatewayParts,
      { database, seals: keys.seals, rules, tls, faults, opened: openedSoFar(), log, nowMs },
      {
        newId,
        nonce: () => hex(32),
        holder: `${program.name}-${hex(4)}`,
        openWakes: async ({ onWake }) => {
          woken = onWake;
          return {
            backend: 'postgres',
            wake: (exchange) => tellOne(`wake ${exchange}`, (gateway) => gateway.woken(exchange)),
            ready: async () => true,
            close: async () => {},
          };
        },
        openHearing: (_, channel, onHeard) => {
          heard = onHeard;
          world.note(`${program.name} listens to ${channel}`);
          return { stop: async () => {} };
        },
        callOut: async (_, __, word) => {
          for (const gateway of parts.gateways()) {
            if (random.next() < wakesLost) continue;
            world.after(random.next() * 5, gateway.program, `hears ${word}`, () => gateway.heard(word));
          }
        },
      },
    );
    const { webhook } = relay.links.get('ctex')!;
    const server = createServer((request, response) => {
      take(request, response).catch((error: unknown) => onError(program, 'webhook', error));
    });
    const take = async (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const answer = await webhook!.receive({
        method: 'POST',
        pathWithQuery: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks),
      });
      response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.byteLength });
      response.end(answer.body);
    };
    network.listen(program.name, program, server);
    repeat(relay.sweep, limits.pollIntervalMs, faults.of('sweep'));
    await relay.start();
  };
  world.after(0, program, 'starts', () => {
    start().catch((error: unknown) => onError(program, 'start', error));
  });
  return { program, woken: (exchange) => woken(exchange), heard: (exchange) => heard(exchange) };
}
