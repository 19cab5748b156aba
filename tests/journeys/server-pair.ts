import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Embedded, removeEmbedded, startEmbedded } from '../../src/journal/embedded.ts';
import { nobody } from '../../src/journal/embedded-binaries.ts';
import { placeOf } from '../../src/journal/embedded-cluster.ts';
import { openForwarder } from '../support/forwarder.ts';
import { isRunning, until } from '../support/processes.ts';

/**
 * Two real PostgreSQL servers: the second follows the first, which answers no commit before the second has it. One
 * address leads to either, as a virtual IP or a proxy would.
 */
export interface ServerPair {
  /** The address that clients know. */
  readonly url: string;
  /** From now on the address leads there; connections that were open end. */
  leadTo(which: 'first' | 'second'): void;
  /** Whether the second gets what the first commits. */
  replicate(isOn: boolean): void;
  /** Whether the first waits for the second at all. */
  synchronise(isOn: boolean): Promise<void>;
  /** kill -9 for the first. */
  kill(): Promise<void>;
  /** The first again, as it was: it takes itself for the primary. */
  revive(): Promise<void>;
  /** The second becomes a primary. */
  promote(): Promise<void>;
  /** Commits on the first that are on its own disk and are not answered. */
  commitsWaiting(): Promise<number>;
  /** Somebody cancels them. */
  cancelCommits(): Promise<void>;
  close(): Promise<void>;
}

const portOf = ({ url }: Embedded) => Number(new URL(url).port);

/** Asks a server itself, primary or not. */
async function askOf<Row extends pg.QueryResultRow>({ url }: Embedded, text: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

export async function openServerPair(): Promise<ServerPair> {
  const root = mkdtempSync(join(tmpdir(), 'qiao-failover-'));
  // Run as root, the servers are another user and must be able to enter.
  chmodSync(root, 0o711);
  const [one, two] = [join(root, 'first'), join(root, 'second')];
  let first = await startEmbedded({ folder: one });
  await first.stop();
  // pg_basebackup does not come with the binaries; a copy of a server that is stopped is as good.
  execFileSync('cp', ['-a', one, two]);
  appendFileSync(join(placeOf(one)!, 'postgresql.auto.conf'), `synchronous_standby_names = '*'\n`);
  first = await startEmbedded({ folder: one });

  const following = await openForwarder(portOf(first));
  const { password } = new URL(first.url);
  const conninfo = `host=127.0.0.1 port=${following.port} user=qiao password=${password} connect_timeout=2`;
  const settings = `primary_conninfo = '${conninfo}'\nwal_retrieve_retry_interval = '100ms'\n`;
  appendFileSync(join(placeOf(two)!, 'postgresql.auto.conf'), settings);
  const signal = join(placeOf(two)!, 'standby.signal');
  writeFileSync(signal, '');
  if (process.getuid?.() === 0) chownSync(signal, nobody!.uid, nobody!.gid);
  const second = await startEmbedded({ folder: two });
  const isFollowed = async () =>
    (await askOf(first, `select from pg_stat_replication where sync_state = 'sync'`)).length > 0;
  await until(isFollowed);

  const line = await openForwarder(portOf(first));
  const url = new URL(first.url);
  url.port = String(line.port);
  return {
    url: url.href,
    leadTo: (which) => {
      line.cut(true);
      line.leadTo(portOf(which === 'first' ? first : second));
      line.cut(false);
    },
    replicate: (isOn) => following.cut(!isOn),
    synchronise: async (isOn) => {
      await askOf(first, `alter system set synchronous_standby_names = '${isOn ? '*' : ''}'`);
      await askOf(first, 'select pg_reload_conf()');
    },
    kill: async () => {
      process.kill(first.pid, 'SIGKILL');
      await until(() => !isRunning(first.pid));
      await first.stop();
    },
    revive: async () => {
      first = await startEmbedded({ folder: one });
    },
    promote: async () => {
      const [row] = await askOf<{ promoted: boolean }>(second, 'select pg_promote(true, 30) as promoted');
      if (row?.promoted !== true) throw new Error('the standby was not promoted');
    },
    commitsWaiting: async () => {
      const waits = `select count(*)::int as n from pg_stat_activity
                      where wait_event = 'SyncRep' and datname = current_database()`;
      return (await askOf<{ n: number }>(first, waits))[0]!.n;
    },
    cancelCommits: async () => {
      await askOf(first, `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`);
    },
    close: async () => {
      await line.close();
      await following.close();
      await second.stop();
      // A server that was killed leaves shared memory behind, which its next start clears away.
      if (!isRunning(first.pid)) first = await startEmbedded({ folder: one });
      await first.stop();
      for (const folder of [one, two]) await removeEmbedded({ folder });
      rmSync(root, { recursive: true });
    },
  };
}
