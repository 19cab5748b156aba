import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type LogWork, type LogWorkOptions, openLogWork } from './log-work.ts';

/**
 * The work of the log on a thread of its own: hashing and reading everything that was said would otherwise be taken
 * from the time in which messages are relayed. Run from source it stays here: a thread could not load that.
 */
export function openLogThread(options: LogWorkOptions): LogWork {
  return import.meta.url.endsWith('.ts') ? openLogWork(options) : openOnThread(options);
}

/** A thread that ends by itself is a fault of what was asked of it meanwhile; the next question starts a new one. */
export function openOnThread(options: LogWorkOptions): LogWork {
  let thread: Thread | undefined;
  const ask = <Act extends Asked['act']>(act: Act, atMs: number) => {
    thread ??= startThread(options, () => {
      thread = undefined;
    });
    return thread.ask(act, atMs) as ReturnType<LogWork[Act]>;
  };
  return {
    sequence: (atMs) => ask('sequence', atMs),
    recompute: (atMs) => ask('recompute', atMs),
    close: async () => {
      await thread?.close();
    },
  };
}

interface Asked {
  readonly id: number;
  readonly act: 'sequence' | 'recompute';
  readonly atMs: number;
}

type Answered =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: { readonly message: string; readonly code?: string } };

/** The name of our threads, and of what they are given: this module may be loaded in others too. */
const OURS = 'qiao log';

interface Thread {
  ask(act: Asked['act'], atMs: number): Promise<unknown>;
  close(): Promise<void>;
}

function startThread(options: LogWorkOptions, onEnd: () => void): Thread {
  const worker = new Worker(new URL(import.meta.url), { workerData: { [OURS]: options }, name: OURS });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  let cause: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      onEnd();
      for (const { reject } of waiting.values()) reject(new Error('the thread of the log has ended', { cause }));
      waiting.clear();
      resolve();
    });
  });
  worker.on('error', (error: Error) => {
    cause = error;
  });
  worker.on('message', (answer: Answered) => {
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('value' in answer) asker?.resolve(answer.value);
    else asker?.reject(Object.assign(new Error(answer.fault.message), answer.fault));
  });
  return {
    ask: (act, atMs) =>
      new Promise((resolve, reject) => {
        asked += 1;
        waiting.set(asked, { resolve, reject });
        worker.postMessage({ id: asked, act, atMs } satisfies Asked);
      }),
    close: async () => {
      worker.postMessage('close');
      await ended;
    },
  };
}

function answer(work: LogWork, port: NonNullable<typeof parentPort>): void {
  port.on('message', async (message: Asked | 'close') => {
    if (message === 'close') {
      await work.close();
      port.close();
      return;
    }
    const { id, act, atMs } = message;
    try {
      port.postMessage({ id, value: await work[act](atMs) } satisfies Answered);
    } catch (error) {
      const { message: text, code } = error as Error & { code?: unknown };
      const fault = { message: text, ...(typeof code === 'string' ? { code } : {}) };
      port.postMessage({ id, fault } satisfies Answered);
    }
  });
}

const given = isMainThread ? undefined : (workerData as Readonly<Record<string, LogWorkOptions>> | null)?.[OURS];
if (given !== undefined && parentPort !== null) answer(openLogWork(given), parentPort);
