import { type ChildProcess, fork } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../src/journal/database.ts';
import { startEmbedded } from '../../src/journal/embedded.ts';
import type { Mutant } from './mutants.ts';
import type { Outcome } from './simulate.ts';
import type { FromWorker, ToWorker } from './worker.ts';

export interface FleetOptions {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  readonly mutant?: Mutant;
  /** No more seeds once one is broken. */
  readonly untilBroken?: boolean;
  /** Every step is printed. */
  readonly isTold?: boolean;
  /** Of {@link startServer}; without it the fleet has a server of its own. */
  readonly databaseUrl?: string;
  onOutcome?(outcome: Outcome, done: number): void;
}

const program = fileURLToPath(new URL('./worker.ts', import.meta.url));
const typescript = new URL('../support/typescript.mjs', import.meta.url).href;
const patched = new URL('./patched-sources.mjs', import.meta.url).href;

/** Lives through seeds in several processes, all on one PostgreSQL. */
export async function runFleet(options: FleetOptions): Promise<readonly Outcome[]> {
  if (options.databaseUrl !== undefined) return runWorkers(options, options.databaseUrl);
  const server = await startServer();
  try {
    return await runWorkers(options, server.url);
  } finally {
    await server.stop();
  }
}

/**
 * A server that need not outlast the machine: what dies in these worlds is programs, never the server. It tidies nothing
 * up by itself, for a seed must not depend on when; and it is near: half of a statement's cost is the way there and back.
 */
export async function startServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-simulation-'));
  // Run as root, the server is another user and must be able to enter.
  chmodSync(folder, 0o711);
  const embedded = await startEmbedded({
    folder,
    settings: {
      ...{
        fsync: 'off',
        full_page_writes: 'off',
        synchronous_commit: 'off',
        wal_level: 'minimal',
        max_wal_senders: '0',
      },
      ...{
        autovacuum: 'off',
        track_counts: 'off',
        track_activities: 'off',
        update_process_title: 'off',
        checkpoint_timeout: '1h',
      },
      // Where its data is.
      unix_socket_directories: '.',
    },
  });
  const database = openDatabase(embedded.url, { max: 1 });
  const { rows } = await database.query<{ data_directory: string }>('show data_directory');
  await database.close();
  return {
    url: `${embedded.url}?host=${encodeURIComponent(rows[0]!.data_directory)}`,
    stop: async () => {
      // Waiting for the server to end does not keep a process alive.
      const staying = setInterval(() => {}, 1_000);
      await embedded.stop();
      clearInterval(staying);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function runWorkers(options: FleetOptions, databaseUrl: string): Promise<readonly Outcome[]> {
  const { from, seeds, workers, mutant, untilBroken, isTold = false, onOutcome } = options;
  const outcomes: Outcome[] = [];
  let next = from;
  const take = (): ToWorker | undefined => {
    if (next >= from + seeds) return undefined;
    if (untilBroken === true && outcomes.some(({ broken }) => broken.length > 0)) return undefined;
    return { seed: next++, isTold };
  };
  const work = (): Promise<void> => {
    const child = start(databaseUrl, mutant);
    return new Promise((resolve, reject) => {
      let under: number | undefined;
      child.on('message', (message: FromWorker) => {
        if (message.said === 'lived') {
          outcomes.push(message.outcome);
          onOutcome?.(message.outcome, outcomes.length);
        }
        const task = take();
        under = task?.seed;
        if (task === undefined) child.disconnect();
        else child.send(task);
      });
      child.once('error', reject);
      child.once('exit', (code) => {
        if (code === 0 && under === undefined) resolve();
        else reject(new Error(`the process of seed ${under ?? '?'} ended with ${code}`));
      });
    });
  };
  await Promise.all(Array.from({ length: Math.min(workers, seeds) }, work));
  return outcomes.sort((one, other) => one.seed - other.seed);
}

function start(databaseUrl: string, mutant: Mutant | undefined): ChildProcess {
  const hooks = mutant === undefined ? [typescript] : [typescript, patched];
  return fork(program, [], {
    // Most of what a step leaves behind is garbage at once: with more room for it little of it is copied, or looked for.
    execArgv: [
      '--min-semi-space-size=32',
      '--max-semi-space-size=32',
      '--initial-old-space-size=256',
      '--single-threaded-gc',
      '--disable-warning=ExperimentalWarning',
    ].concat(...hooks.map((hook) => ['--import', hook])),
    env: {
      ...process.env,
      QIAO_TEST_DATABASE_URL: databaseUrl,
      QIAO_SIMULATION_PATCHES: JSON.stringify(mutant?.patches ?? []),
    },
    // stdout and stderr are the parent's: what a seed prints is seen at once.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}
