import { join } from 'node:path';
import type { Limits } from '../../src/config-limits.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { type ExchangeProcess, type GatewayProcess, keepGateway, startExchange } from './processes.ts';
import { type FaultProxy, openFaultProxy, type Place } from './proxy.ts';
import { randomFrom } from './random.ts';
import {
  type DatabaseServer,
  hasRedisServer,
  openDatabaseServer,
  openRedisServer,
  type RedisServer,
} from './stores.ts';

export interface FieldOptions {
  readonly folder: string;
  readonly built: string;
  readonly keysFolder: string;
  readonly aheadMs: number;
  readonly limits: Partial<Limits>;
  readonly seed: number;
  readonly gateways: number;
}

/** Everything that takes part in a run, joined by lines that can go wrong. */
export interface Field {
  readonly exchanges: Readonly<Record<Exchange, ExchangeProcess>>;
  /** From the gateways to each exchange. */
  readonly lines: Readonly<Record<Exchange, FaultProxy>>;
  readonly gateways: readonly GatewayProcess[];
  readonly database: DatabaseServer;
  readonly redis: RedisServer | undefined;
  /** Of every process that is meant to stay up. */
  crashes(): number;
  crashed(): void;
  /** Lines and clocks are right again. */
  heal(): void;
  stop(): Promise<void>;
}

/** Starts stores, exchanges and gateways. Stores are reached through a line, too: their ports change when they crash. */
export async function openField(options: FieldOptions): Promise<Field> {
  const { folder, built, keysFolder, aheadMs, limits, seed } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const database = await openDatabaseServer(join(folder, 'server'));
    closing.push(() => database.stop());
    const redis = hasRedisServer ? await openRedisServer(join(folder, 'redis')) : undefined;
    if (redis !== undefined) closing.push(() => redis.stop());
    const line = async (target: () => Place | undefined, salt: number) => {
      const opened = await openFaultProxy(target, randomFrom(seed + salt));
      closing.push(() => opened.close());
      return opened;
    };
    const databaseLine = await line(() => database.place(), 1);
    const redisLine = redis === undefined ? undefined : await line(() => redis.place(), 2);

    const started = {} as Record<Exchange, ExchangeProcess>;
    const lines = {} as Record<Exchange, FaultProxy>;
    for (const [i, exchange] of exchanges.entries()) {
      const mock = await startExchange(built, { exchange, keysFolder, aheadMs, seed: seed * 10 + i });
      closing.push(() => mock.stop());
      started[exchange] = mock;
      const place = placeOf(mock.address.address ?? mock.address.url ?? '');
      lines[exchange] = await line(() => place, 10 + i);
    }
    const env = {
      NODE_ENV: 'development',
      DATABASE_URL: throughLine(database.url(), databaseLine.port),
      ...(redisLine === undefined ? {} : { REDIS_URL: `redis://127.0.0.1:${redisLine.port}` }),
      QIAO_KEYS: keysFolder,
      QIAO_MEMBER: 'QIAO',
      QIAO_CTEX_URL: `http://127.0.0.1:${lines.ctex.port}`,
      QIAO_STEX_URL: `http://127.0.0.1:${lines.stex.port}`,
      QIAO_SZSE_ADDRESS: `tcp://127.0.0.1:${lines.szse.port}`,
      QIAO_SZSE_FILES_URL: String(started.szse.address.url),
      QIAO_PLAIN_LINKS: 'allow',
      QIAO_CLEARING: 'hand',
      LOG_LEVEL: 'warn',
      PORT: '0',
    };
    const gateways = Array.from({ length: options.gateways }, (_, i) =>
      keepGateway(built, { env, limits, aheadMs }, folder, `gateway-${i}`),
    );
    closing.push(() => Promise.all(gateways.map((gateway) => gateway.stop())));
    // What ctex pushes goes to whichever gateway is up, in turn: a balancer with the same faults as any line.
    let turn = 0;
    const up = () => gateways.flatMap((gateway) => gateway.url() ?? []);
    const door = await line(() => {
      const urls = up();
      turn += 1;
      return urls.length === 0 ? undefined : placeOf(urls[turn % urls.length]!);
    }, 20);
    await Promise.all(gateways.map((gateway) => gateway.whenUp()));
    started.ctex.say({ say: 'aim', url: `http://127.0.0.1:${door.port}` });
    let stores = 0;
    return {
      ...{ exchanges: started, lines, gateways, database, redis, stop },
      crashes: () => stores + gateways.reduce((sum, gateway) => sum + gateway.crashes, 0),
      crashed: () => {
        stores += 1;
      },
      heal: () => {
        for (const exchange of exchanges) lines[exchange].set(undefined);
        for (const gateway of gateways) gateway.mend();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function placeOf(address: string): Place {
  const port = Number(/:(\d+)\/?$/.exec(address)?.[1]);
  return { host: '127.0.0.1', port };
}

function throughLine(url: string, port: number): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}
