import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Birth, birthOf, isAlive, livingPostmaster, readPostmaster, shutDown } from './embedded-processes.ts';
import { inUse } from './embedded-unavailable.ts';

/** Who started the server on this folder, kept in `owner.json` while it runs. */
interface Ownership {
  readonly owner: Birth;
  readonly server: Birth;
}

function readOwnership(folder: string): Ownership | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Ownership;
  } catch {
    return undefined;
  }
}

/** States that this process runs the server. */
export function takeOwnership(folder: string, pid: number): void {
  const [owner, server] = [birthOf(process.pid), birthOf(pid)];
  if (owner === undefined || server === undefined) return;
  const draft = join(folder, `owner.json.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify({ owner, server } satisfies Ownership)}\n`, { mode: 0o600 });
  renameSync(draft, join(folder, 'owner.json'));
}

export function endOwnership(folder: string): void {
  rmSync(join(folder, 'owner.json'), { force: true });
}

/** How long a server whose owner is dead gets to be ended by its watchdog, and one that nobody vouches for to be claimed. */
const patienceMs = { watchdog: 3_000, claim: 40_000 };

/**
 * Makes sure that no server runs on the cluster, or refuses. One whose owner is dead is about to be ended by its
 * watchdog; when it is not, we end it. One that nobody vouches for is another process just starting, or one whose
 * owner died just then: it is never killed by us.
 */
export async function endOrphan(folder: string, cluster: string, log: (line: string) => void): Promise<void> {
  const server = livingPostmaster(cluster);
  if (server === undefined) return removeStale(cluster);
  log(`embedded PostgreSQL: a server runs on ${cluster} (pid ${server.pid})`);
  const since = performance.now();
  while (isAlive(server)) {
    const noted = readOwnership(folder);
    const vouched = noted?.server.pid === server.pid && noted.server.born === server.born;
    if (vouched && isAlive(noted.owner)) throw inUse(folder, `pid ${noted.owner.pid}`);
    const waitedMs = performance.now() - since;
    if (vouched && waitedMs > patienceMs.watchdog) {
      log(`embedded PostgreSQL: ending the server a killed process left behind (pid ${server.pid})`);
      return await shutDown(server);
    }
    if (waitedMs > patienceMs.claim) throw inUse(folder, `PostgreSQL pid ${server.pid}`);
    await sleep(50);
  }
}

/**
 * PostgreSQL clears away the `postmaster.pid` of a dead server by itself, but takes any living process that was given
 * the same number since, and a zombie nobody waits for (a container without init), for that server.
 */
function removeStale(cluster: string): void {
  const stale = readPostmaster(cluster);
  if (stale === undefined || !isNumberTaken(stale.pid) || livingPostmaster(cluster) !== undefined) return;
  if (readPostmaster(cluster)?.pid === stale.pid) rmSync(join(cluster, 'postmaster.pid'), { force: true });
}

function isNumberTaken(pid: number): boolean {
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
