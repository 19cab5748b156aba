/** What every benchmark of the whole gateway stands on: embedded stores, demo keys, a clock of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapters } from '../adapters/all.ts';
import { type Clock, clockFrom } from '../src/cli/federation.ts';
import { readConfig } from '../src/config.ts';
import { defaultLimits } from '../src/config-limits.ts';
import type { Exchange } from '../src/contract/exchange.ts';
import type { MockAddress } from '../src/contract/mock.ts';
import { type Gateway, openGateway } from '../src/gateway.ts';
import { type Embedded, startEmbedded } from '../src/journal/embedded.ts';
import { openKeyStore } from '../src/trust/keystore.ts';

/** A day on which every exchange's calendar is known. */
const MORNING = Date.parse('2026-03-02T09:30:00+08:00');

export interface Ground {
  readonly embedded: Embedded;
  readonly keysFolder: string;
  readonly clock: Clock;
  /** The other side of the lines: it is stopped when the gateway has been, whatever happened. */
  outlives(stop: () => Promise<void>): void;
  openGateway(addresses: Readonly<Record<Exchange, MockAddress>>, choices: GatewayChoices): Promise<Gateway>;
}

export interface GatewayChoices {
  readonly redisUrl?: string;
  /** Lines without TLS. */
  readonly plain?: boolean;
  readonly journalLog?: 'later';
  progress(text: string): void;
}

/** Gives `work` its ground; whatever comes of it, nothing is left running and no file behind. */
export async function onGround<Result>(work: (ground: Ground) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-bench-'));
  const embedded = await startEmbedded({ folder: join(folder, 'database') });
  const keysFolder = join(folder, 'keys');
  const clock = clockFrom(MORNING);
  const { sm2Threads: threads, sm2Waiting: waiting } = defaultLimits;
  const keys = await openKeyStore(keysFolder, { demo: true, nowMs: clock.nowMs, sm2Threads: { threads, waiting } });
  let gateway: Gateway | undefined;
  const others: (() => Promise<void>)[] = [];
  try {
    return await work({
      embedded,
      keysFolder,
      clock,
      outlives: (stop) => others.push(stop),
      openGateway: async (addresses, { redisUrl, plain, journalLog, progress }) => {
        gateway = await openGateway({
          config: readConfig({
            DATABASE_URL: embedded.url,
            REDIS_URL: redisUrl,
            QIAO_KEYS: keysFolder,
            PORT: '0',
            QIAO_CTEX_URL: addresses.ctex.url,
            QIAO_STEX_URL: addresses.stex.url,
            QIAO_SZSE_ADDRESS: addresses.szse.address,
            QIAO_SZSE_FILES_URL: addresses.szse.url,
            ...(plain === true ? {} : { QIAO_EXCHANGE_PORT: '0', QIAO_PLAIN_LINKS: 'refuse' }),
          }),
          adapters,
          keys,
          databaseUrl: embedded.url,
          nowMs: clock.nowMs,
          ...(journalLog === undefined ? {} : { journalLog }),
          log: (level, event, fields) => {
            if (level === 'error') progress(`${event} ${String(fields?.error ?? '')}`);
          },
        });
        return gateway;
      },
    });
  } finally {
    await gateway?.stop();
    for (const stop of others) await stop();
    await keys.close();
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
