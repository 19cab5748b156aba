import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Embedded, removeEmbedded, startEmbedded } from '../../src/journal/embedded.ts';
import { migrationsIn } from '../../src/journal/migrate.ts';
import { createScratch } from '../../src/journal/scratch.ts';
import { type Child, isRunning, startScript, until } from '../support/processes.ts';

const owner = new URL('../support/embedded-owner.ts', import.meta.url);
const folders: string[] = [];
const children: Child[] = [];

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-test-embedded-'));
  chmodSync(folder, 0o711);
  folders.push(folder);
  return folder;
}

/** One in which a server has run before, and stopped: a copy, because to make a cluster takes longer than a test of it. */
function usedFolder(): string {
  const folder = freshFolder();
  // With owners and times, as PostgreSQL wants its files.
  const copied = spawnSync('cp', ['-a', `${used}/.`, folder], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(copied.stderr);
  return folder;
}

let used: string;
beforeAll(async () => {
  used = freshFolder();
  const first = await startEmbedded({ folder: used });
  await first.stop();
});

/** A process of its own that runs the server, to be killed by the test. */
async function startOwner(folder: string, ids: { uid?: number; gid?: number } = {}) {
  const child = startScript(owner, [folder], ids);
  children.push(child);
  const [, pid, url] = await child.says(/^ready (\d+) (\S+)$/m);
  return { child, server: Number(pid), url: String(url) };
}

async function ask(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query({ text, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  for (const child of children) await child.kill();
  await Promise.all(folders.map((folder) => until(() => serverOf(folder) === undefined)));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function serverOf(folder: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    return isRunning(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Pids of processes with all the words in their command line. From /proc where there is one: slim systems have no ps. */
function processesNaming(...words: readonly string[]): readonly number[] {
  return commandLines()
    .filter(([, line]) => words.every((word) => line.includes(word)))
    .map(([pid]) => pid);
}

function commandLines(): readonly (readonly [number, string])[] {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-ww', '-eo', 'pid=,command='], { encoding: 'utf8' });
    return stdout.split('\n').map((line) => [Number.parseInt(line, 10), line]);
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return [Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8')];
      } catch {
        return [Number(name), ''];
      }
    });
}

describe('the embedded PostgreSQL', () => {
  it('keeps what was committed from one start to the next', async () => {
    const folder = freshFolder();
    const first = await startEmbedded({ folder });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(isRunning(first.pid)).toBe(false);

    const second = await startEmbedded({ folder });
    await expect(ask(second.url, 'SELECT answer FROM kept')).resolves.toBe(42);
    await second.stop();
    await second.stop();
    expect(isRunning(second.pid)).toBe(false);
  });

  it('promises durability, speaks UTF-8, sorts the same everywhere and lets nobody in without the password', async () => {
    const folder = freshFolder();
    const embedded = await startEmbedded({ folder });
    try {
      const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums'];
      for (const name of settings) await expect(ask(embedded.url, `SHOW ${name}`)).resolves.toBe('on');
      await expect(ask(embedded.url, 'SHOW server_encoding')).resolves.toBe('UTF8');
      await expect(ask(embedded.url, 'SHOW listen_addresses')).resolves.toBe('127.0.0.1');
      await expect(ask(embedded.url, 'SHOW unix_socket_directories')).resolves.toBe('');
      await expect(ask(embedded.url, "SELECT '𠀀龦' || length('𠀀龦')")).resolves.toBe('𠀀龦2');
      const stranger = embedded.url.replace(/:[^:@]+@/, ':wrong@');
      await expect(ask(stranger, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
      expect(statSync(join(folder, 'embedded.json')).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, 'postgres.log'), 'utf8')).not.toContain(new URL(embedded.url).password);
    } finally {
      await embedded.stop();
    }
  });

  it('makes a scratch with all tables, and leaves nothing of it', async () => {
    const embedded = await startEmbedded({ folder: freshFolder() });
    try {
      const databases = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database";
      const before = await ask(embedded.url, databases);
      const scratch = await createScratch(embedded.url);
      await expect(ask(scratch.url, "SELECT to_regclass('clearing_run') IS NOT NULL")).resolves.toBe(true);
      await expect(ask(scratch.url, 'SELECT count(*)::int FROM migrations')).resolves.toBe(migrationsIn().length);
      await scratch.drop();
      await expect(ask(embedded.url, databases)).resolves.toBe(before);
    } finally {
      await embedded.stop();
    }
  });

  it('ends by itself when its owner is killed, and the next start finds every committed row', async () => {
    const folder = usedFolder();
    const { child, server, url } = await startOwner(folder);
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    await client.query('CREATE TABLE acknowledged (n int)');
    let acknowledged = 0;
    const writing = (async () => {
      for (;;) {
        await client.query('INSERT INTO acknowledged VALUES ($1)', [acknowledged + 1]);
        acknowledged += 1;
      }
    })().catch(() => {});
    await until(() => acknowledged >= 20);
    await child.kill('SIGKILL');
    await until(() => !isRunning(server));
    await writing;
    await client.end().catch(() => {});

    const next = await startEmbedded({ folder });
    // One more may have been committed whose answer was lost on the way.
    const kept = Number(await ask(next.url, 'SELECT count(*) FROM acknowledged'));
    expect([acknowledged, acknowledged + 1]).toContain(kept);
    await next.stop();
  });

  it('starts at once after a kill, while the orphan is still ending', async () => {
    const folder = usedFolder();
    const { child, server, url } = await startOwner(folder);
    await ask(url, 'CREATE TABLE kept AS SELECT 7 AS answer');
    await child.kill('SIGKILL');
    const next = await startEmbedded({ folder });
    expect(isRunning(server)).toBe(false);
    await expect(ask(next.url, 'SELECT answer FROM kept')).resolves.toBe(7);
    await next.stop();
  });

  it('is ended by the next start when its owner and its watchdog were both killed', async () => {
    const folder = usedFolder();
    const { child, server, url } = await startOwner(folder);
    await ask(url, 'CREATE TABLE kept AS SELECT 8 AS answer');
    const watchdog = processesNaming('qiao-watchdog', folder)[0];
    expect(watchdog).toBeDefined();
    process.kill(watchdog!, 'SIGKILL');
    await until(() => !isRunning(watchdog!));
    await child.kill('SIGKILL');
    expect(isRunning(server)).toBe(true);
    const next = await startEmbedded({ folder });
    expect(isRunning(server)).toBe(false);
    await expect(ask(next.url, 'SELECT answer FROM kept')).resolves.toBe(8);
    await next.stop();
  });

  it('leaves neither server nor watchdog behind when it is stopped', async () => {
    const folder = usedFolder();
    const embedded = await startEmbedded({ folder });
    expect(processesNaming('', folder).length).toBeGreaterThan(1);
    await embedded.stop();
    await until(() => processesNaming('', folder).length === 0);
  });

  it('recovers when the server itself was killed', async () => {
    const folder = usedFolder();
    const lines: string[] = [];
    const first = await startEmbedded({ folder, log: (line) => lines.push(line) });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 9 AS answer');
    process.kill(first.pid, 'SIGKILL');
    await until(() => lines.some((line) => line.includes('ended by itself')));
    await first.stop();
    const second = await startEmbedded({ folder });
    await expect(ask(second.url, 'SELECT answer FROM kept')).resolves.toBe(9);
    await second.stop();
  });

  it('refuses a second start on a folder in use, in both languages, and leaves the first alone', async () => {
    const folder = usedFolder();
    const first = await startEmbedded({ folder });
    try {
      await expect(startEmbedded({ folder })).rejects.toThrow(/正在使用中[\s\S]*in use \(pid \d+\)/);
      const other = startScript(owner, [folder]);
      children.push(other);
      await expect(other.ended).resolves.toMatchObject({ code: 1 });
      expect(other.stderr()).toMatch(/EmbeddedUnavailable: .*正在使用中/);
      await expect(ask(first.url, 'SELECT 1')).resolves.toBe(1);
    } finally {
      await first.stop();
    }
  });

  it('lets exactly one of several simultaneous starts on a new folder win', async () => {
    const folder = freshFolder();
    const starts = await Promise.allSettled([1, 2, 3].map(() => startEmbedded({ folder })));
    const won = starts.filter((start): start is PromiseFulfilledResult<Embedded> => start.status === 'fulfilled');
    const lost = starts.filter((start): start is PromiseRejectedResult => start.status === 'rejected');
    expect(lost.map(({ reason }) => String(reason))).toEqual(lost.map(() => expect.stringMatching(/in use/)));
    expect(won).toHaveLength(1);
    const winner = won[0]!.value;
    await expect(ask(winner.url, 'SELECT 1')).resolves.toBe(1);
    await winner.stop();
  });

  it('is not misled by a stale postmaster.pid whose number now belongs to a stranger', async () => {
    const folder = usedFolder();
    const first = await startEmbedded({ folder });
    await first.stop();
    // Our parent, not ourselves or the server's parent: PostgreSQL knows those for innocent.
    const stranger = startScript(new URL('../support/idle.ts', import.meta.url));
    children.push(stranger);
    const file = join(folder, 'postgres', 'postmaster.pid');
    writeFileSync(file, `${stranger.pid}\n${join(folder, 'postgres')}\n0\n5432\n\n127.0.0.1\n0 0\nready   \n`);
    const second = await startEmbedded({ folder });
    expect(isRunning(stranger.pid)).toBe(true);
    await second.stop();
  });

  it('runs for two folders at the same time, one with a long name, blanks and Chinese', async () => {
    const deep = join(freshFolder(), '数据 目录', 'x'.repeat(120));
    mkdirSync(deep, { recursive: true });
    const [a, b] = await Promise.all([startEmbedded({ folder: freshFolder() }), startEmbedded({ folder: deep })]);
    expect(new URL(a.url).port).not.toBe(new URL(b.url).port);
    await Promise.all([ask(a.url, 'SELECT 1'), ask(b.url, 'SELECT 1')]);
    await Promise.all([a.stop(), b.stop()]);
  });
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

/** For tests that run our scripts as another user, who must be able to read them: not in a checkout under /root. */
const here = fileURLToPath(new URL('.', import.meta.url));
const isOpen = () => spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', here], { cwd: '/', uid: 1, gid: 1 }).status === 0;
const itOpen = process.getuid?.() === 0 && isOpen() ? it : it.skip;

asRoot('the embedded PostgreSQL, started by root', () => {
  it('runs as another user, and owns only its data', async () => {
    const folder = freshFolder();
    const embedded = await startEmbedded({ folder });
    const status = readFileSync(`/proc/${embedded.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(statSync(folder).uid).toBe(0);
    expect(statSync(join(folder, 'postgres')).uid).toBe(65534);
    await embedded.stop();
  });

  it('keeps its data elsewhere when the folder is closed to that user, and says where', async () => {
    const closed = freshFolder();
    chmodSync(closed, 0o700);
    const lines: string[] = [];
    const first = await startEmbedded({ folder: join(closed, 'qiao'), log: (line) => lines.push(line) });
    const { path } = JSON.parse(readFileSync(join(closed, 'qiao', 'embedded.json'), 'utf8')) as { path: string };
    expect(path).toMatch(/^\/var\/lib\/qiao\/[0-9a-f]{16}\/postgres$/);
    expect(lines.join('\n')).toContain(path);
    await ask(first.url, 'CREATE TABLE kept AS SELECT 5 AS answer');
    await first.stop();
    const second = await startEmbedded({ folder: join(closed, 'qiao') });
    await expect(ask(second.url, 'SELECT answer FROM kept')).resolves.toBe(5);
    await second.stop();

    // Removed by hand, the folder takes the password with it: the next start has new data beside the old.
    rmSync(join(closed, 'qiao'), { recursive: true });
    const third = await startEmbedded({ folder: join(closed, 'qiao') });
    await expect(ask(third.url, 'SELECT 1')).resolves.toBe(1);
    await expect(removeEmbedded({ folder: join(closed, 'qiao') })).rejects.toThrow(/正在使用中/);
    await third.stop();
    const again = JSON.parse(readFileSync(join(closed, 'qiao', 'embedded.json'), 'utf8')) as { path: string };
    expect(again.path).toMatch(new RegExp(`^${path}-[0-9a-f]{12}$`));
    await removeEmbedded({ folder: join(closed, 'qiao') });
    expect(readdirSync(join(path, '..'))).toEqual(['postgres']);
    rmSync(join(path, '..'), { recursive: true });

    // Removed by us, nothing stays behind.
    const last = await startEmbedded({ folder: join(closed, 'qiao') });
    await last.stop();
    await removeEmbedded({ folder: join(closed, 'qiao') });
    expect([existsSync(join(closed, 'qiao')), existsSync(join(path, '..'))]).toEqual([false, false]);
  });

  itOpen('serves an ordinary user as well', async () => {
    const folder = freshFolder();
    chownSync(folder, 1, 1);
    const { child, server, url } = await startOwner(folder, { uid: 1, gid: 1 });
    expect(readFileSync(`/proc/${server}/status`, 'utf8')).toMatch(/^Uid:\s+1\s+1\s+1\s+1$/m);
    await expect(ask(url, 'SELECT 1')).resolves.toBe(1);
    await child.kill('SIGKILL');
    await until(() => !isRunning(server));
    // Root, coming later, runs it as the user whose data it is.
    const rooted = await startEmbedded({ folder });
    expect(statSync(join(folder, 'postgres')).uid).toBe(1);
    await rooted.stop();
  });

  itOpen.each([
    ['a user without a name', (folder: string) => chownSync(folder, 65533, 65533), /initdb/],
    ['a folder of somebody else', () => {}, /cannot be written/],
  ])('names DATABASE_URL in both languages to %s', async (_name, prepare, reason) => {
    const folder = freshFolder();
    prepare(folder);
    const child = startScript(owner, [folder], { uid: 65533, gid: 65533 });
    children.push(child);
    await expect(child.ended).resolves.toMatchObject({ code: 1 });
    expect(child.stderr()).toMatch(reason);
    expect(child.stderr()).toMatch(/内置 PostgreSQL 无法在此运行.*DATABASE_URL[\s\S]*cannot run here.*DATABASE_URL/);
  });
});
