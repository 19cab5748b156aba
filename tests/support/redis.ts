import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** Whether {@link redisForTests} has one to give: known before tests are named, so that they are skipped and not passed. */
export const hasRedis =
  Boolean(process.env.REDIS_URL) || spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

/**
 * A Redis for tests: the one REDIS_URL names, or a private server on a free loopback port with an append-only file, as
 * production has. Undefined when there is neither; bin/test.mjs says so, and fails for it under CI.
 */
export async function redisForTests(): Promise<TestRedis | undefined> {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop: async () => {} };
  for (let attempt = 1; ; attempt += 1) {
    const started = await startRedis(await freePort());
    if (started !== 'port taken') return started;
    if (attempt >= 10) throw new Error('redis-server found no free port');
  }
}

async function startRedis(port: number): Promise<TestRedis | undefined | 'port taken'> {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-redis-'));
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no'];
  const safety = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'];
  const server = spawn('redis-server', [...settings, ...safety], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH },
  });
  let said = '';
  const outcome = await new Promise<'ready' | 'missing' | 'ended'>((resolve) => {
    server.once('error', () => resolve('missing'));
    server.once('exit', () => resolve('ended'));
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Ready to accept connections')) resolve('ready');
    });
  });
  if (outcome !== 'ready') {
    rmSync(folder, { recursive: true, force: true });
    if (outcome === 'missing') return undefined;
    if (/Address already in use/.test(said)) return 'port taken';
    throw new Error(`redis-server did not start: ${said}`);
  }
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  // The end of its pipe means that we were killed, and Redis goes with us; a word means that all is well.
  const watch = 'read -r word || kill "$1"';
  const watchdog = spawn('/bin/sh', ['-c', watch, 'redis-watchdog', String(server.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
      watchdog.stdin.end('stopped\n');
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
