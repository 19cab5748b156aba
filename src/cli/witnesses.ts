import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLimits, type Limits } from '../config-limits.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { Log } from '../gateway.ts';
import type { KeyStore } from '../trust/keystore.ts';
import type { StartedWitness } from '../witness/start.ts';
import { startOwnWitness } from './witness-start.ts';

/** The witnesses of all exchanges on loopback, behind mutual TLS. */
export interface Witnesses {
  readonly of: Readonly<Record<Exchange, StartedWitness>>;
  stop(): Promise<void>;
}

export interface WitnessesOptions {
  readonly keys: KeyStore;
  /** Where their heads are kept; absent: in a folder of their own that goes with them, as the demo's database does. */
  readonly folder?: string;
  readonly limits?: Partial<Limits>;
  readonly log: Log;
  nowMs(): number;
}

export async function openWitnesses(options: WitnessesOptions): Promise<Witnesses> {
  const { keys, log, nowMs } = options;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'qiao-witnesses-')));
  const limits = { ...defaultLimits, ...options.limits };
  const of = {} as Record<Exchange, StartedWitness>;
  for (const exchange of exchanges) {
    const place = { folder: join(folder, exchange), host: '127.0.0.1', port: 0, plain: false };
    of[exchange] = await startOwnWitness({ exchange, keys, ...place, limits, log, nowMs });
  }
  return {
    of,
    stop: async () => {
      await Promise.all(exchanges.map((exchange) => of[exchange].close()));
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
