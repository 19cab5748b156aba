import { randomBytes } from 'node:crypto';
import { adapters } from '../../adapters/all.ts';
import { mocks } from '../../adapters/mocks.ts';
import { type Config, readConfig } from '../config.ts';
import { defaultLimits } from '../config-limits.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { MockAddress, MockExchange } from '../contract/mock.ts';
import { type Gateway, type Log, openGateway } from '../gateway.ts';
import { type KeyStore, openKeyStore } from '../trust/keystore.ts';
import { mockTlsOf } from '../trust/tls-material.ts';
import { joinedPages, openPosts } from './standing-posts.ts';
import { openWitnesses, type Witnesses } from './witnesses.ts';

/** A gateway and three mock exchanges, each with its witness of the log, on loopback, on one clock: what the demo shows and the journeys test. */
export interface Federation {
  readonly gateway: Gateway;
  readonly mocks: Readonly<Record<Exchange, MockExchange>>;
  readonly witnesses: Witnesses['of'];
  readonly keys: KeyStore;
  readonly clock: Clock;
  /** Resolves when nothing is on its way any more; throws what is stuck after `limitMs`. */
  settle(limitMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** A clock that runs as fast as the real one, from another day, and can be put forward. */
export interface Clock {
  nowMs(): number;
  advance(ms: number): void;
}

export function clockFrom(startMs: number): Clock {
  const origin = performance.now();
  let ahead = 0;
  return {
    nowMs: () => Math.round(startMs + performance.now() - origin + ahead),
    advance: (ms) => {
      ahead += ms;
    },
  };
}

export interface FederationOptions {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  readonly keysFolder: string;
  /** Where the witnesses keep their heads; absent: they begin anew with every federation. */
  readonly witnessFolder?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly operatorToken?: string;
  readonly limits?: Partial<Config['limits']>;
  /** 0: any free port. */
  readonly port?: number;
}

const MEMBER = 'QIAO';

export async function openFederation(options: FederationOptions): Promise<Federation> {
  const { clock } = options;
  const { sm2Threads: threads, sm2Waiting: waiting } = { ...defaultLimits, ...options.limits };
  const keys = await openKeyStore(options.keysFolder, {
    demo: true,
    nowMs: clock.nowMs,
    sm2Threads: { threads, waiting, onFault: (error) => options.log('error', 'sm2-thread', { error }) },
  });
  const opened = Object.fromEntries(exchanges.map((exchange) => [exchange, mocks[exchange]()])) as Record<
    Exchange,
    MockExchange
  >;
  const addresses = {} as Record<Exchange, MockAddress>;
  for (const exchange of exchanges) {
    addresses[exchange] = await opened[exchange].start({
      ...keys.mock(exchange),
      tls: mockTlsOf(keys, exchange),
      member: MEMBER,
      port: 0,
      filePort: 0,
      nowMs: clock.nowMs,
      nonce: () => randomBytes(16).toString('hex'),
    });
  }
  const witnesses = await openWitnesses({
    keys,
    ...(options.witnessFolder === undefined ? {} : { folder: options.witnessFolder }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    log: options.log,
    nowMs: clock.nowMs,
  });
  const posts = await openPosts(
    adapters.map((adapter) => ({ adapter, books: (since) => joinedPages(opened[adapter.exchange].booksSince(since)) })),
    { keys, limits: { ...defaultLimits, ...options.limits }, log: options.log, nowMs: clock.nowMs },
  );
  const stopMocks = () =>
    Promise.all([...exchanges.map((exchange) => opened[exchange].stop()), witnesses.stop(), posts.stop()]);
  const gateway = await openGateway({
    config: configOf(options, addresses, { witnesses: witnesses.of, posts: posts.urls }),
    adapters,
    keys,
    databaseUrl: options.databaseUrl,
    log: options.log,
    nowMs: clock.nowMs,
  }).catch(async (error: unknown) => {
    await stopMocks();
    await keys.close();
    throw error;
  });
  for (const exchange of exchanges) opened[exchange].desk.aim(gateway.exchangeUrl ?? gateway.url);
  return {
    gateway,
    mocks: opened,
    witnesses: witnesses.of,
    keys,
    clock,
    settle: (limitMs = 30_000) => settle(gateway, opened, limitMs),
    stop: async () => {
      await gateway.stop();
      await stopMocks();
      await keys.close();
    },
  };
}

function configOf(
  options: FederationOptions,
  addresses: Readonly<Record<Exchange, MockAddress>>,
  { witnesses, posts }: { readonly witnesses: Witnesses['of']; readonly posts: Readonly<Record<Exchange, string>> },
): Config {
  return readConfig(
    {
      NODE_ENV: 'development',
      DATABASE_URL: options.databaseUrl,
      QIAO_KEYS: options.keysFolder,
      QIAO_MEMBER: MEMBER,
      PORT: String(options.port ?? 0),
      QIAO_CTEX_URL: addresses.ctex.url,
      QIAO_STEX_URL: addresses.stex.url,
      QIAO_SZSE_ADDRESS: addresses.szse.address,
      QIAO_SZSE_FILES_URL: addresses.szse.url,
      QIAO_CTEX_WITNESS_URL: witnesses.ctex.url,
      QIAO_STEX_WITNESS_URL: witnesses.stex.url,
      QIAO_SZSE_WITNESS_URL: witnesses.szse.url,
      QIAO_CTEX_STANDING_URL: posts.ctex,
      QIAO_STEX_STANDING_URL: posts.stex,
      QIAO_SZSE_STANDING_URL: posts.szse,
      QIAO_EXCHANGE_PORT: '0',
      QIAO_PLAIN_LINKS: 'refuse',
      // Its clock leaps; a day is closed when the demo or a journey comes to it.
      QIAO_CLEARING: 'hand',
      REDIS_URL: options.redisUrl,
      QIAO_OPERATOR_TOKEN: options.operatorToken,
    },
    { limits: options.limits ?? {} },
  );
}

/** Looks until desks and gateway have been idle twice in a row: a message may be between the two. */
async function settle(
  gateway: Gateway,
  opened: Readonly<Record<Exchange, MockExchange>>,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (let calm = 0; calm < 2; ) {
    const busy = exchanges.filter((exchange) => !opened[exchange].desk.idle());
    const idle = busy.length === 0 && (await gateway.idle());
    calm = idle ? calm + 1 : 0;
    if (performance.now() > deadline) {
      throw new Error(`still on the way after ${limitMs} ms: ${busy.join(', ') || 'the outbox'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
