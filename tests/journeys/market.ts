import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapters } from '../../adapters/all.ts';
import { mocks } from '../../adapters/mocks.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { readConfig } from '../../src/config.ts';
import type { Limits } from '../../src/config-limits.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { MockAddress, MockExchange } from '../../src/contract/mock.ts';
import { openCosigned } from '../../src/envelope/cosigned.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { verifyReceipt } from '../../src/envelope/receipt.ts';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { type KeyStore, openKeyStore } from '../../src/trust/keystore.ts';
import { createTestDatabase } from '../support/database.ts';
import { putDemoKeys } from '../support/demo-keys.ts';
import { type Forwarder, openForwarder } from '../support/forwarder.ts';
import { type Child, startScript, until } from '../support/processes.ts';
import { MORNING } from './federation.ts';

/** Three mock exchanges and a database, with as many gateways as a test likes, in this process or in others. */
export interface Market {
  readonly mocks: Readonly<Record<Exchange, MockExchange>>;
  /** Ends the gateways' connections to that exchange and lets none through, until it is mended. */
  cut(exchange: Exchange, isCut: boolean): void;
  readonly database: Database;
  readonly errors: readonly string[];
  /** A gateway in this process. */
  open(limits?: Partial<Limits>): Promise<Gateway>;
  /** A gateway as a process of its own; the test kills it. */
  start(): Promise<{ readonly child: Child; readonly url: string }>;
  /** Where the exchange that pushes pushes to. */
  aim(url: string): void;
  /** So many new listings at each exchange. */
  publish(count: number): void;
  /** How many of them are shown at others by now; `wanted` when all are. */
  shown(): { readonly shown: number; readonly wanted: number };
  /** Until all of them are and nothing is open in the outbox; throws what is stuck. */
  settle(limitMs?: number): Promise<void>;
  /** The process that holds the line to that exchange now. */
  holderOf(exchange: Exchange): Promise<{ readonly pid: number; readonly token: bigint; readonly over: boolean }>;
  /** Every listing shown once at both others, no request with two effects, nothing open, the journal whole. */
  proveWhole(): Promise<void>;
  close(): Promise<void>;
}

const program = new URL('./gateway-elsewhere.ts', import.meta.url);

/** On a database of its own, or on one that the test takes care of. */
export async function openMarket(databaseUrl?: string): Promise<Market> {
  // The day is the rulebooks'; its clock is every process's own.
  const aheadMs = MORNING - Date.now();
  const nowMs = () => Date.now() + aheadMs;
  const test = databaseUrl === undefined ? await createTestDatabase() : { url: databaseUrl, drop: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'qiao-keys-'));
  await putDemoKeys(folder, nowMs());
  const keys: KeyStore = await openKeyStore(folder, { demo: true, nowMs });
  const opened = {} as Record<Exchange, MockExchange>;
  const addresses = {} as Record<Exchange, MockAddress>;
  const lines = {} as Record<Exchange, Forwarder>;
  let last = 0;
  for (const exchange of exchanges) {
    opened[exchange] = mocks[exchange]();
    addresses[exchange] = await opened[exchange].start({
      ...keys.mock(exchange),
      ...{ member: 'QIAO', port: 0, filePort: 0, nowMs },
      nonce: () => (++last).toString(16).padStart(32, '0'),
    });
    const { address, url } = addresses[exchange];
    const line = await openForwarder(Number(new URL(address === undefined ? url! : `tcp://${address}`).port));
    lines[exchange] = line;
    addresses[exchange] = {
      ...addresses[exchange],
      ...(address === undefined ? { url: `http://127.0.0.1:${line.port}` } : { address: `127.0.0.1:${line.port}` }),
    };
  }
  const database = openDatabase(test.url, { max: 4 });
  const env = {
    NODE_ENV: 'test',
    DATABASE_URL: test.url,
    QIAO_DATA: folder,
    QIAO_KEYS: folder,
    QIAO_MEMBER: 'QIAO',
    QIAO_CLEARING: 'hand',
    PORT: '0',
    LOG_LEVEL: 'warn',
    QIAO_CTEX_URL: addresses.ctex.url!,
    QIAO_STEX_URL: addresses.stex.url!,
    QIAO_SZSE_ADDRESS: addresses.szse.address!,
    QIAO_SZSE_FILES_URL: addresses.szse.url!,
  };
  const errors: string[] = [];
  const children: Child[] = [];
  let published = 0;
  const mirrors = () =>
    exchanges.flatMap((at) => [...opened[at].book.received.values()].map((one) => ({ at, ...one })));
  const shown = () => ({
    shown: mirrors().filter(({ kind }) => kind === 'listing').length,
    wanted: published * exchanges.length * (exchanges.length - 1),
  });
  const isQuiet = async () => {
    const { rows } = await database.query<{ open: boolean }>('select exists (select from delivery where open) as open');
    return !rows[0]!.open && exchanges.every((exchange) => opened[exchange].desk.idle());
  };

  return {
    ...{ mocks: opened, database, errors, shown },
    cut: (exchange, isCut) => lines[exchange].cut(isCut),
    settle: async (limitMs = 200_000) => {
      try {
        await until(async () => shown().shown >= shown().wanted && (await isQuiet()), limitMs);
      } catch {
        const { rows } = await database.query(
          `select exchange, kind, state, min(attempts) as least, max(attempts) as most, count(*)::int as n,
                  max(reason::text) as reason from delivery where open group by 1, 2, 3`,
        );
        throw new Error(`stuck: ${JSON.stringify({ ...shown(), rows, errors: errors.slice(-5) })}`);
      }
    },
    open: (limits = {}) =>
      openGateway({
        config: readConfig(env, { limits: { retryBaseMs: 20, pollIntervalMs: 50, outboxPollMs: 20, ...limits } }),
        ...{ adapters, keys, databaseUrl: test.url, nowMs },
        log: (level, event, fields) => {
          if (level === 'error') errors.push(`${event} ${JSON.stringify(fields)}`);
        },
      }),
    start: async () => {
      const child = startScript(program, [JSON.stringify({ env, aheadMs })], { env: { PATH: process.env.PATH } });
      children.push(child);
      return { child, url: String((await child.says(/gateway (http\S+)/))[1]) };
    },
    aim: (url) => {
      for (const exchange of exchanges) opened[exchange].desk.aim(url);
    },
    publish: (count) => {
      for (let i = 0; i < count; i++) {
        published += 1;
        for (const home of exchanges) opened[home].desk.publish(sampleListing(home, 2000 + published, nowMs()));
      }
    },
    holderOf: async (exchange) => {
      const { rows } = await database.query<{ pid: number; token: bigint; over: boolean }>(
        `select split_part(reverse(holder), '-', 2) as pid, token, until <= clock_timestamp() as over
           from link_owner where exchange = $1`,
        [exchange],
      );
      // Nobody has ever held it: the gateways have only just started.
      if (rows[0] === undefined) return { pid: 0, token: 0n, over: true };
      return { ...rows[0], pid: Number([...String(rows[0].pid)].reverse().join('')) };
    },
    proveWhole: async () => {
      const seen = mirrors().filter(({ kind }) => kind === 'listing');
      const names = seen.map(({ at, exchange, foreignNumber }) => `${at}: ${exchange} ${foreignNumber}`);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toHaveLength(shown().wanted);
      for (const at of exchanges) {
        for (const [key, times] of opened[at].book.effects) expect([at, key, times]).toEqual([at, key, 1]);
      }
      const { rows } = await database.query<{ state: string; n: number }>(
        `select state, count(*)::int as n from delivery where kind = 'listing' group by state`,
      );
      expect(rows).toEqual([{ state: 'accepted', n: shown().wanted }]);
      const proof = await verifyJournal(database, {
        envelope: (bytes, atMs) => verifyEnvelope(bytes, keys.trust, { atMs }),
        receipt: (bytes, of, atMs) => verifyReceipt(bytes, keys.trust, { of, atMs }),
        cosigned: (bytes, parties, atMs) => openCosigned(bytes, keys.trust, parties, atMs),
      });
      expect(proof.faults).toEqual([]);
    },
    close: async () => {
      for (const child of children) await child.kill();
      await Promise.all(exchanges.flatMap((exchange) => [opened[exchange].stop(), lines[exchange].close()]));
      await database.close();
      await keys.close();
      await test.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
