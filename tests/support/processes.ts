import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildInto } from '../crash/build.ts';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process of a test, with everything it said. */
export interface Child {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  stdout(): string;
  stderr(): string;
  write(text: string): void;
  /** Resolves with the first match in what it has said or will say; rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  kill(signal?: NodeJS.Signals): Promise<Ending>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts a program. The test ends it: `await child.kill()` in `finally` or `afterEach`. */
export function startProcess(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const child: ChildProcess = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let out = '';
  let err = '';
  let over = false;
  let changed = () => {};
  child.stdin?.on('error', () => {});
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    changed();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    changed();
  });
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      resolve({ code, signal });
      changed();
    });
  });
  ended.catch(() => {});
  return {
    pid: child.pid ?? -1,
    ended,
    stdout: () => out,
    stderr: () => err,
    write: (text) => {
      child.stdin?.write(text);
    },
    says: async (pattern) => {
      for (;;) {
        const match = out.match(pattern) ?? err.match(pattern);
        if (match) return match;
        if (over) throw new Error(`the process ended without saying ${pattern}:\n${out}\n${err}`);
        await new Promise<void>((resolve) => {
          const before = changed;
          changed = () => {
            before();
            resolve();
          };
        });
      }
    },
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal);
      return await ended;
    },
  };
}

/** Starts one of our TypeScript files as a process of its own, for tests that kill it. */
export function startScript(script: URL, args: readonly string[] = [], options: ChildOptions = {}): Child {
  const file = fileURLToPath(script);
  const place = process.env.QIAO_TEST_BUILT;
  if (place === undefined) return startProcess(process.execPath, ['--import', typescript, file, ...args], options);
  if (!existsSync(place)) buildFor(place);
  const built = join(place, relative(root, file).replace(/\.ts$/, '.js'));
  return startProcess(process.execPath, [built, ...args], options);
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const typescript = new URL('./typescript.mjs', import.meta.url).href;

/**
 * Compiles all sources once a run: processes that compile what they load, each for itself, take twice as long to start.
 * Whole or not at all: another worker may be at it.
 */
function buildFor(place: string): void {
  const making = `${place}-${randomUUID()}`;
  buildInto(making, undefined, ['src', 'adapters', 'schemas', 'certs', 'tests']);
  try {
    renameSync(making, place);
  } catch (cause) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(place)) throw cause;
  }
}

/** True while the process lives; a zombie that nobody has waited for counts as dead. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Asks again until it holds. The deadline only ends a broken test; nothing is proved by how long it took. */
export async function until(holds: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > deadlineMs) throw new Error(`still not so after ${deadlineMs} ms: ${holds}`);
    await sleep(20);
  }
}
