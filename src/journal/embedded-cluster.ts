import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ServerUser } from './embedded-binaries.ts';
import { unsupported } from './embedded-unavailable.ts';

/** Where one embedded database keeps its files, and the password to it. Kept in `embedded.json`, mode 0600. */
export interface Cluster {
  /** The data directory of PostgreSQL, owned by the user the server runs as. */
  readonly path: string;
  readonly password: string;
  readonly postgres: '18';
}

/**
 * Chooses the place and the password at the first start and keeps to them ever after.
 *
 * Run as root, the server is another user and must be able to reach its data: below a closed folder (a project under
 * /root) the data goes to /var/lib/qiao instead, under a name derived from the folder asked for.
 */
export function placeCluster(folder: string, user: ServerUser, log: (line: string) => void): Cluster {
  mkdirSync(folder, { recursive: true, mode: user ? 0o711 : 0o700 });
  const note = join(folder, 'embedded.json');
  if (!existsSync(note)) {
    const path = canReach(folder, user) ? unused(folder, 'postgres') : elsewhere(folder, log);
    const cluster: Cluster = { path, password: randomBytes(24).toString('base64url'), postgres: '18' };
    writeOnce(note, `${JSON.stringify(cluster, null, 2)}\n`);
  }
  const noted = JSON.parse(readFileSync(note, 'utf8')) as Cluster;
  // Stated relative to the folder where possible, so that the folder may be moved.
  const cluster = { ...noted, path: resolve(folder, noted.path) };
  if (!canReach(dirname(cluster.path), user)) {
    throw unsupported(
      `数据目录 ${cluster.path} 对运行 PostgreSQL 的用户不可访问`,
      `the data folder ${cluster.path} is closed to the user PostgreSQL runs as`,
    );
  }
  if (!cluster.path.startsWith(folder))
    log(`embedded PostgreSQL: ${folder} is closed to others, data in ${cluster.path}`);
  return cluster;
}

/** Asks the system rather than reading mode bits: enters the folder as that user. */
function canReach(folder: string, user: ServerUser): boolean {
  if (user === undefined) return true;
  return spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { cwd: '/', env: {}, ...user }).status === 0;
}

const ELSEWHERE = '/var/lib/qiao';

function elsewhere(folder: string, log: (line: string) => void): string {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const home = join(ELSEWHERE, name);
  try {
    mkdirSync(home, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw unsupported(`无法创建 ${home}`, `${home} cannot be made`, error);
  }
  const path = join(home, unused(home, 'postgres'));
  if (basename(path) !== 'postgres') log(`embedded PostgreSQL: ${home} holds data of a folder removed by hand`);
  return path;
}

/**
 * The password to data goes with the note: data found without one (the folder was removed by hand, and what it kept
 * elsewhere was not) can no longer be opened. It is left alone, and the new data gets a name of its own.
 */
function unused(home: string, name: string): string {
  return existsSync(join(home, name)) ? `${name}-${randomBytes(6).toString('hex')}` : name;
}

/** Removes the folder and the data, wherever it was placed. Nobody may be using them. */
export function removeCluster(folder: string, cluster: string | undefined): void {
  const home = dirname(cluster ?? folder);
  // A note may say anything: outside the folder only what we place there ourselves is removed.
  if (cluster !== undefined && dirname(home) === ELSEWHERE) {
    rmSync(cluster, { recursive: true, force: true });
    if (existsSync(home) && readdirSync(home).length === 0) rmdirSync(home);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Where the data of this folder is; undefined when there never was any. */
export function placeOf(folder: string): string | undefined {
  return clusterOf(folder)?.path;
}

/** What the folder notes of its data; undefined when there never was any. */
export function clusterOf(folder: string): Pick<Cluster, 'path' | 'password'> | undefined {
  try {
    const { path, password } = JSON.parse(readFileSync(join(folder, 'embedded.json'), 'utf8')) as Partial<Cluster>;
    return typeof path === 'string' ? { path: resolve(folder, path), password: String(password) } : undefined;
  } catch {
    return undefined;
  }
}

/** Of two processes that start at once, the first to link its file decides for both. */
function writeOnce(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Makes the database files if there are none. They are made aside and moved into place when complete, so that a
 * crash in the middle leaves nothing that looks like a database.
 */
export function initialise(cluster: Cluster, native: string, user: ServerUser): void {
  if (existsSync(join(cluster.path, 'PG_VERSION'))) return;
  const home = dirname(cluster.path);
  const aside = join(home, `${basename(cluster.path)}.new-${randomBytes(6).toString('hex')}`);
  mkdirSync(aside, { mode: 0o700 });
  try {
    const passwordFile = join(aside, 'password');
    writeFileSync(passwordFile, cluster.password, { mode: 0o600, flag: 'wx' });
    if (user) for (const path of [aside, passwordFile]) chownSync(path, user.uid, user.gid);
    const made = spawnSync(
      join(native, 'bin', 'initdb'),
      [
        `--pgdata=${join(aside, 'files')}`,
        '--username=qiao',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Sorts by code point and knows Chinese letters, the same on every machine: no operating system locale.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      { cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' }, encoding: 'utf8', timeout: 120_000, ...user },
    );
    if (made.status !== 0) {
      const reason = (made.stderr || String(made.error ?? made.signal)).trim();
      throw unsupported(`initdb 失败：${reason}`, `initdb failed: ${reason}`, made.error);
    }
    renameSync(join(aside, 'files'), cluster.path);
  } catch (error) {
    // The faster of two beginners has put a complete one there.
    if (!existsSync(join(cluster.path, 'PG_VERSION'))) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Removes what a start that was killed in {@link initialise} has left. Only by the owner of the running server. */
export function sweep(cluster: Cluster): void {
  const home = dirname(cluster.path);
  for (const name of readdirSync(home)) {
    if (name.startsWith(`${basename(cluster.path)}.new-`)) rmSync(join(home, name), { recursive: true, force: true });
  }
}
