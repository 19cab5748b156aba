import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { findBinaries, nobody, type ServerUser } from './embedded-binaries.ts';
import { clusterOf, initialise, placeCluster, placeOf, removeCluster, sweep } from './embedded-cluster.ts';
import { endOrphan, endOwnership, takeOwnership } from './embedded-ownership.ts';
import { birthOf, livingPostmaster, readPostmaster, shutDown } from './embedded-processes.ts';
import { launch } from './embedded-server.ts';
import { unsupported } from './embedded-unavailable.ts';

/** A PostgreSQL 18 of our own, for demo, tests and trial use; in production DATABASE_URL names a real one. */
export interface Embedded {
  /** Connection string with the password, loopback only. The port is another one at every start. */
  readonly url: string;
  /** Of the server process. */
  readonly pid: number;
  /** Fast shutdown; resolves when the server is gone. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Holds the password file, the server's log and, where the server can reach it, the data. Made when missing. */
  readonly folder: string;
  readonly log?: (line: string) => void;
  /** Of the server, before our own: a test whose rows need not outlast its server does without fsync. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts the embedded server on a folder, making the database at first use.
 *
 * An orphan of a killed process is shut down first; a folder in use by a living process is refused.
 * Throws {@link EmbeddedUnavailable} with the way out in both languages.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const log = options.log ?? (() => {});
  try {
    mkdirSync(options.folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    const folder = realpathSync(options.folder);
    const user = serverUser(folder);
    const native = findBinaries(user, log);
    const cluster = placeCluster(folder, user, log);
    await endOrphan(folder, cluster.path, log);
    initialise(cluster, native, user);
    const server = await launch({ folder, native, cluster, user, settings: options.settings ?? {} });
    takeOwnership(folder, server.pid);
    sweep(cluster);
    const birth = birthOf(server.pid);
    let stopping: Promise<void> | undefined;
    const stop = () => {
      stopping ??= (async () => {
        if (birth) await shutDown(birth);
        await server.ended();
        endOwnership(folder);
      })();
      return stopping;
    };
    void server.whenEnded.then(() => {
      if (stopping === undefined) log(`embedded PostgreSQL: the server ended by itself, see ${folder}/postgres.log`);
    });
    const url = `postgres://qiao:${cluster.password}@127.0.0.1:${server.port}/qiao`;
    try {
      await makeDatabase(url);
    } catch (error) {
      await stop();
      throw error;
    }
    return { url, pid: server.pid, stop };
  } catch (error) {
    throw withWayOut(error, options.folder);
  }
}

/** The connection string of the server that a living process runs on this folder; undefined when none does. */
export function runningEmbedded({ folder }: Pick<EmbeddedOptions, 'folder'>): string | undefined {
  const noted = clusterOf(folder);
  if (noted === undefined || livingPostmaster(noted.path) === undefined) return undefined;
  const server = readPostmaster(noted.path);
  return server?.status === 'ready' ? `postgres://qiao:${noted.password}@127.0.0.1:${server.port}/qiao` : undefined;
}

/**
 * Removes an embedded database for good: the folder, and the data where it was placed elsewhere. What a killed process
 * left running on it is shut down first. Throws {@link EmbeddedUnavailable} when a living process uses it.
 */
export async function removeEmbedded(options: EmbeddedOptions): Promise<void> {
  if (!existsSync(options.folder)) return;
  try {
    const folder = realpathSync(options.folder);
    const cluster = placeOf(folder);
    if (cluster !== undefined) await endOrphan(folder, cluster, options.log ?? (() => {}));
    removeCluster(folder, cluster);
  } catch (error) {
    throw withWayOut(error, options.folder);
  }
}

/** What the file system refuses is said in both languages, with another folder as the way out. */
function withWayOut(error: unknown, folder: string): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS' && code !== 'ENOSPC') return error;
  return unsupported(
    `无法写入 ${path ?? folder}（${code}；目录可能属于另一用户，可用 QIAO_DATA 另选）`,
    `${path ?? folder} cannot be written (${code}; it may belong to another user, QIAO_DATA chooses another folder)`,
    error,
  );
}

/** Root lends the server the id of nobody, or of whoever made the data before. */
function serverUser(folder: string): ServerUser {
  if (process.getuid?.() !== 0) return undefined;
  const made = statSync(join(folder, 'postgres'), { throwIfNoEntry: false });
  return made && made.uid !== 0 ? { uid: made.uid, gid: made.gid } : nobody;
}

/** initdb makes `postgres` alone; ours has its own name, so that a dump says what it is. */
async function makeDatabase(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url.replace(/\/qiao$/, '/postgres'),
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    const found = await client.query("SELECT 1 FROM pg_database WHERE datname = 'qiao'");
    if (found.rowCount === 0) await client.query('CREATE DATABASE qiao');
  } finally {
    await client.end();
  }
}
