import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type Embedded, startEmbedded } from '../../src/journal/embedded.ts';
import type { Place } from './proxy.ts';

/** A real PostgreSQL that is crashed and comes back on the same data. */
export interface DatabaseServer {
  /** Straight to it, past the line; another one after each crash. */
  url(): string;
  place(): Place | undefined;
  /** Immediate shutdown (no checkpoint, no goodbye), and up again with recovery. */
  crash(): Promise<void>;
  /** Whether the server's disk can be filled up here. */
  readonly canFill: boolean;
  /** Fills its disk for a while. The server may not survive that; then it is started again. */
  fillDisk(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** On a file system of its own in memory where we may mount one (Linux, root), so that its disk can be full. */
export async function openDatabaseServer(folder: string): Promise<DatabaseServer> {
  mkdirSync(folder, { recursive: true });
  const mounted = process.platform === 'linux' && process.getuid?.() === 0 && mount(folder);
  chmodSync(folder, 0o711);
  let embedded: Embedded | undefined = await startEmbedded({ folder: join(folder, 'database') });
  let url = embedded.url;
  const restart = async () => {
    await embedded?.stop();
    embedded = undefined;
    embedded = await startEmbedded({ folder: join(folder, 'database') });
    url = embedded.url;
  };
  const isUp = () => embedded !== undefined && isAlive(embedded.pid);
  return {
    url: () => url,
    place: () => (embedded === undefined ? undefined : { host: '127.0.0.1', port: Number(new URL(url).port) }),
    crash: async () => {
      if (embedded !== undefined && isUp()) process.kill(embedded.pid, 'SIGQUIT');
      await restart();
    },
    canFill: mounted,
    fillDisk: async (ms) => {
      const ballast = join(folder, 'ballast');
      fill(ballast, folder);
      await new Promise((resolve) => setTimeout(resolve, ms));
      rmSync(ballast, { force: true });
      if (!isUp()) await restart();
    },
    stop: async () => {
      await embedded?.stop();
      if (mounted) execFileSync('umount', ['-l', folder]);
    },
  };
}

function mount(folder: string): boolean {
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1536m,mode=711', 'tmpfs', folder], { stdio: 'ignore' });
  return made.status === 0;
}

/** All that is left but a little, which the server's own writing uses up in a moment. */
function fill(file: string, folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  spawnSync('fallocate', ['-l', String(Math.max(bsize, bavail * bsize - 262_144)), file], { stdio: 'ignore' });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A real Redis without persistence, that forgets everything whenever it is killed. */
export interface RedisServer {
  place(): Place | undefined;
  flush(): void;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const hasRedisServer = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

export async function openRedisServer(folder: string): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true });
  let server: ChildProcess | undefined;
  let port = 0;
  const start = async () => {
    port = await freePort();
    // The pipe ends with us, however we end; the shell then ends the server.
    const script =
      'redis-server --port "$1" --bind 127.0.0.1 --dir "$2" --save "" --appendonly no & read -r word; kill -9 $!';
    server = spawn('/bin/sh', ['-c', script, 'crash-redis', String(port), folder], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const { stdout } = server;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      stdout!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready to accept connections')) resolve();
      });
      server!.once('exit', () => reject(new Error(`redis-server did not start: ${said}`)));
    });
  };
  const kill = async () => {
    const ending = server;
    server = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    ending.stdin!.end('\n');
    await ended;
  };
  await start();
  return {
    place: () => (server === undefined ? undefined : { host: '127.0.0.1', port }),
    flush: () => {
      if (server === undefined) return;
      const line = connect({ host: '127.0.0.1', port });
      line.on('error', () => {});
      line.end('FLUSHALL\r\n');
      line.resume();
    },
    kill,
    start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
