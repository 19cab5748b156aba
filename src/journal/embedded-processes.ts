import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process as it can be recognised later: a number alone may have been given to another one since. */
export interface Birth {
  readonly pid: number;
  /** Start time as the system states it; only compared, never read. */
  readonly born: string;
}

/** The birth of a living process; undefined when there is none, or only a zombie nobody has waited for. */
export function birthOf(pid: number): Birth | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    if (process.platform !== 'linux') {
      const born = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
      return born === '' ? undefined : { pid, born };
    }
    // proc(5): the name in parentheses may hold anything, so fields count from the last parenthesis: state is 3, starttime 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, born] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' || born === undefined ? undefined : { pid, born };
  } catch {
    return undefined;
  }
}

export function isAlive(birth: Birth): boolean {
  return birthOf(birth.pid)?.born === birth.born;
}

/** What PostgreSQL says of itself in `postmaster.pid`: pid, folder, start, port, sockets, address, memory, status. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

export function readPostmaster(cluster: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7]?.trim() ?? '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The living server of this folder, if there is one: its number may belong to a stranger after a restart of the machine. */
export function livingPostmaster(cluster: string): Birth | undefined {
  const postmaster = readPostmaster(cluster);
  const birth = postmaster && birthOf(postmaster.pid);
  if (birth === undefined) return undefined;
  return commandOf(birth.pid).includes(cluster) ? birth : undefined;
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Waits until the process is gone; false when it is still there at the deadline. */
export async function isGone(birth: Birth, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(birth)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Fast shutdown (SIGINT: roll back and write a checkpoint), and at once (SIGQUIT: recover at next start) if that takes too long. */
export async function shutDown(postmaster: Birth, patienceMs = 30_000): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    try {
      if (isAlive(postmaster)) process.kill(postmaster.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (await isGone(postmaster, signal === 'SIGINT' ? patienceMs : 5_000)) return;
  }
}

/**
 * Waits on a pipe from us. A word means all is well and it goes; the end of the pipe means we died without stopping
 * the server, and the server is shut down: fast first, and at once after 30 s. A shell, because it costs 1 MB and is everywhere.
 * The number is trusted only while the server's own file states it, which it does a moment after its start.
 */
const watch = `
read -r pid || exit 0
read -r word && exit 0
n=0
until [ "$(head -n 1 "$1" 2>/dev/null)" = "$pid" ]; do
  n=$((n + 1))
  [ "$n" -ge 100 ] && exit 0
  kill -0 "$pid" 2>/dev/null || exit 0
  sleep 0.1
done
kill -INT "$pid" 2>/dev/null || exit 0
n=0
while kill -0 "$pid" 2>/dev/null; do
  n=$((n + 1))
  [ "$n" -eq 300 ] && kill -QUIT "$pid" 2>/dev/null
  [ "$n" -ge 400 ] && exit 1
  sleep 0.1
done
`;

export interface Watchdog {
  guard(pid: number): void;
  dismiss(): void;
}

/** Started before the server, so that there is no moment in which the server has nobody to end it. */
export function startWatchdog(cluster: string): Watchdog {
  // A session of its own: Ctrl-C in a terminal reaches us alone, and we stop the server in order.
  const shell = spawn('/bin/sh', ['-c', watch, 'qiao-watchdog', join(cluster, 'postmaster.pid')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  // The pipe is a socket in Node; it must not keep a program alive that has nothing else to do.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    guard: (pid) => {
      shell.stdin.write(`${pid}\n`);
    },
    dismiss: () => {
      shell.stdin.end('stopped\n');
    },
  };
}
