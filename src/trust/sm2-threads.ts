/** SM2 on threads of their own: a signature takes a quarter of a millisecond, which the relay's one thread has not got. */

import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { rsOfDer } from './der.ts';
import { nativeSm2, type Sm2, type Sm2Elsewhere, type Sm2PrivateKey, type Sm2PublicKey } from './sm2.ts';
import { assertSm2Works, assertSm2WorksElsewhere } from './sm2-check.ts';

/** SM2 that also works on other threads, until it is closed. */
export interface Sm2Threads extends Sm2 {
  readonly elsewhere: Sm2Elsewhere;
  /** Ends the threads; what they have not done yet is done on this one. May be called twice. */
  close(): Promise<void>;
}

export interface ThreadLimits {
  readonly threads: number;
  /** Signatures waiting at most; what comes beyond that is done on this thread, so that the caller slows down. */
  readonly waiting: number;
  /** A thread ended by itself. What it had to do is done on this one; nothing is lost. */
  onFault?(error: unknown): void;
  /** Another worker; for tests. */
  readonly worker?: URL;
}

type Asked =
  | { readonly key: Sm2PrivateKey; readonly bytes: Uint8Array }
  | { readonly key: Sm2PublicKey; readonly bytes: Uint8Array; readonly signature: Uint8Array };
type Done = Uint8Array | boolean;

const WORKER = new URL('./sm2-worker.mjs', import.meta.url);

/**
 * Starts the threads. Each is asked the known-answer test before it is used, as this thread is.
 * @throws when one is wrong: the process must then not start
 */
export async function openSm2Threads(limits: ThreadLimits): Promise<Sm2Threads> {
  assertSm2Works(nativeSm2);
  const threads: Thread[] = [];
  const close = async () => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  try {
    for (let i = 1; i <= limits.threads; i++) {
      const thread = openThread(limits);
      threads.push(thread);
      await assertSm2WorksElsewhere(`thread ${i}`, elsewhereBy(thread.ask));
      // Its work would have been done here, and rightly.
      if (!thread.isOpen) throw new Error(`SM2 线程无法启动 / SM2 thread ${i} cannot be started`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const ask = async (asked: Asked): Promise<Done> => {
    let idlest: Thread | undefined;
    let waiting = 0;
    for (const thread of threads) {
      waiting += thread.waiting;
      if (thread.isOpen && (idlest === undefined || thread.waiting < idlest.waiting)) idlest = thread;
    }
    return idlest === undefined || waiting >= limits.waiting ? here(asked) : idlest.ask(asked);
  };
  return { ...nativeSm2, elsewhere: elsewhereBy(ask), close };
}

function elsewhereBy(ask: (asked: Asked) => Promise<Done>): Sm2Elsewhere {
  return {
    sign: async (key, bytes) => (await ask({ key, bytes })) as Uint8Array,
    verify: async (key, bytes, signature) =>
      // The same strict DER as on this thread (sm2.ts).
      rsOfDer(signature) !== undefined && (await ask({ key, bytes, signature })) === true,
  };
}

function here(asked: Asked): Done {
  return 'signature' in asked
    ? nativeSm2.verify(asked.key, asked.bytes, asked.signature)
    : nativeSm2.sign(asked.key, asked.bytes);
}

interface Thread {
  readonly isOpen: boolean;
  readonly waiting: number;
  ask(asked: Asked): Promise<Done>;
  close(): Promise<void>;
}

interface Waiting {
  readonly asked: Asked;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/** What sm2-worker.mjs takes and gives. */
type Job = readonly [job: number, key: number, za: Uint8Array, bytes: Uint8Array, signature: Uint8Array | undefined];
type Outcome = readonly [job: number, done: Done | undefined, error?: string];

function openThread({ onFault, worker: file = WORKER }: ThreadLimits): Thread {
  // Without the flags of this process: they are about its own start.
  const worker = new Worker(file, { execArgv: [] });
  const waiting = new Map<number, Waiting>();
  const numbers = new WeakMap<KeyObject, number>();
  let jobs: Job[] = [];
  let keys: [number, KeyObject][] = [];
  let given = 0;
  let isOpen = true;
  let ended: Promise<unknown> | undefined;

  /** Jobs of one moment travel together: a message costs as much as several of them. */
  const send = () => {
    if (isOpen) worker.postMessage({ keys, jobs });
    jobs = [];
    keys = [];
  };
  /** A key travels once; from then on it goes by its number. */
  const numberOf = (key: KeyObject): number => {
    let number = numbers.get(key);
    if (number === undefined) {
      number = ++given;
      numbers.set(key, number);
      keys.push([number, key]);
    }
    return number;
  };
  const over = (error?: unknown) => {
    if (!isOpen) return;
    isOpen = false;
    if (error !== undefined) onFault?.(error);
    for (const { asked, resolve } of waiting.values()) resolve(here(asked));
    waiting.clear();
  };
  worker.on('message', (outcomes: readonly Outcome[]) => {
    for (const [job, done, error] of outcomes) {
      const one = waiting.get(job);
      if (one === undefined) continue;
      waiting.delete(job);
      if (error === undefined && done !== undefined) one.resolve(done);
      else one.reject(new Error(`SM2 on another thread: ${error}`));
    }
    // An idle thread does not keep the process alive; one that has work does.
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', over);
  worker.on('exit', (code) => over(new Error(`an SM2 thread ended by itself, code ${code}`)));
  worker.unref();

  return {
    get isOpen() {
      return isOpen;
    },
    get waiting() {
      return waiting.size;
    },
    ask: (asked) =>
      new Promise((resolve, reject) => {
        if (!isOpen) {
          resolve(here(asked));
          return;
        }
        const job = ++given;
        if (waiting.size === 0) worker.ref();
        waiting.set(job, { asked, resolve, reject });
        if (jobs.length === 0) queueMicrotask(send);
        const { key, za } = 'signature' in asked ? asked.key : { key: asked.key.key, za: asked.key.public.za };
        jobs.push([job, numberOf(key), za, asked.bytes, 'signature' in asked ? asked.signature : undefined]);
      }),
    close: async () => {
      over();
      ended ??= worker.terminate();
      await ended;
    },
  };
}
