import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerUser } from './embedded-binaries.ts';
import type { Cluster } from './embedded-cluster.ts';
import { readPostmaster, startWatchdog } from './embedded-processes.ts';
import { EmbeddedUnavailable, inUse } from './embedded-unavailable.ts';

/** fsync stays on: the journal promises that what it acknowledged survives. The rest suits a small machine. */
const settings = {
  listen_addresses: '127.0.0.1',
  // No socket file: its path may not exceed 107 bytes, and the folder may be deep.
  unix_socket_directories: '',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  shared_buffers: '128MB',
  work_mem: '8MB',
  effective_cache_size: '512MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '5min',
  // The outbox turns over fast: what is finished must be swept before looks into it step over it.
  autovacuum_naptime: '5s',
  checkpoint_completion_target: '0.9',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  // A failed statement is logged without its text and values: they are business data.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
} as const;

const startTimeoutMs = 120_000;
const startAttempts = 10;
const logLimitBytes = 8 * 1024 * 1024;

export interface Launch {
  readonly folder: string;
  readonly native: string;
  readonly cluster: Cluster;
  readonly user: ServerUser;
  /** Before ours. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A server that takes connections. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  /** Settles when the process has ended, without keeping this one alive. */
  readonly whenEnded: Promise<void>;
  /** The same, and keeps this process alive until then. */
  ended(): Promise<void>;
}

/** Starts the server under a watchdog, on a free port; tries again when the port was taken meanwhile. */
export async function launch(at: Launch): Promise<Server> {
  const deadline = performance.now() + startTimeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const watchdog = startWatchdog(at.cluster.path);
    const { server, logFrom } = spawnServer(at, port);
    const { pid } = server;
    const whenEnded = new Promise<void>((resolve) => {
      server.once('exit', () => resolve());
      server.once('error', () => resolve());
    }).then(watchdog.dismiss);
    const ended = () => {
      server.ref();
      return whenEnded;
    };
    if (pid !== undefined) watchdog.guard(pid);
    if (pid !== undefined && (await isReady(at.cluster.path, server, deadline))) return { pid, port, whenEnded, ended };

    server.kill('SIGQUIT');
    await ended();
    const reason = readFileSync(join(at.folder, 'postgres.log')).subarray(logFrom).toString('utf8').trim();
    // Another start on this folder won, between our look and PostgreSQL's own.
    if (/lock file "postmaster\.pid" already exists/.test(reason)) throw inUse(at.folder, 'postmaster.pid');
    const passing = /Address already in use|pre-existing shared memory block/.test(reason);
    if (!passing || attempt >= startAttempts) {
      throw new EmbeddedUnavailable(
        `内置 PostgreSQL 未能启动，见 ${at.folder}/postgres.log；也可设置 DATABASE_URL。${reason}`,
        `The embedded PostgreSQL did not start, see ${at.folder}/postgres.log; or set DATABASE_URL. ${reason}`,
      );
    }
    await sleep(200 * attempt);
  }
}

function spawnServer(
  { folder, native, cluster, user, settings: own }: Launch,
  port: number,
): { server: ChildProcess; logFrom: number } {
  const logFile = join(folder, 'postgres.log');
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logLimitBytes) renameSync(logFile, `${logFile}.1`);
  const logged = openSync(logFile, 'a', 0o600);
  try {
    const options = Object.entries({ ...settings, ...own }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(join(native, 'bin', 'postgres'), ['-D', cluster.path, '-p', String(port), ...options], {
      cwd: '/',
      // Nothing of our environment: a PGDATA or a secret in it is none of the server's business.
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', logged, logged],
      detached: true,
      ...user,
    });
    server.on('error', () => {});
    server.unref();
    return { server, logFrom: size > logLimitBytes ? 0 : size };
  } finally {
    closeSync(logged);
  }
}

/** As pg_ctl waits: for `ready`, or `standby`, in the server's own file. False when the process ended or time is up. */
async function isReady(cluster: string, server: ChildProcess, deadline: number): Promise<boolean> {
  while (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    const postmaster = readPostmaster(cluster);
    if (postmaster?.pid === server.pid && /^(ready|standby)$/.test(postmaster.status)) return true;
    if (performance.now() > deadline) return false;
    await sleep(15);
  }
  return false;
}

/** Asked of the system and given back at once; that another process takes it meanwhile is why {@link launch} tries again. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no free port'));
      });
    });
  });
}
