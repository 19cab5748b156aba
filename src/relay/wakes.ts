import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { Exchange } from '../contract/exchange.ts';

/**
 * Wake-ups: "there is something waiting for this exchange". They carry no truth: the outbox is in PostgreSQL, a
 * wake-up that is lost is made up for by the sweep, one too many finds nothing.
 */
export interface Wakes {
  readonly backend: 'postgres' | 'redis';
  wake(exchange: Exchange): void;
  ready(): Promise<boolean>;
  /** Resolves within a few seconds, also when the queue no longer answers. May be called twice. */
  close(): Promise<void>;
}

export interface WakeParts {
  readonly databaseUrl: string;
  /** Absent: BullMQ's PostgreSQL backend in the gateway's own database. */
  readonly redisUrl: string | undefined;
  /** Wake-ups of different gateways on one Redis are kept apart by it. */
  readonly prefix?: string;
  /** How long the queue has to answer for the first time. */
  readonly readyWithinMs?: number;
  onWake(exchange: Exchange): void;
  onFault(error: Error): void;
}

const QUEUE = 'qiao-wakes';
const JOB = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

/** How long a wake-up that another gateway has taken keeps us from sending the next one. */
const NOTE_MS = 100;
const READY_MS = 6_000;
const CLOSE_MS = 3_000;

/** Opens the queue; throws when it does not answer in time, with the last fault as the cause, and leaves nothing open. */
export async function openWakes(parts: WakeParts): Promise<Wakes> {
  let closing: Promise<void> | undefined;
  let lastFault: Error | undefined;
  let wasReady = false;
  // The server may end a connection before it reads that we have left it: no fault of anybody's.
  const onFault = (error: Error) => {
    if (closing !== undefined) return;
    lastFault = error;
    parts.onFault(error);
  };
  // One wake-up on its way for each exchange is enough: it is taken off here before the outbox is looked at.
  const onTheWay = new Set<Exchange>();
  const taken = (exchange: Exchange) => {
    onTheWay.delete(exchange);
    if (closing === undefined) parts.onWake(exchange);
  };
  const { queue, worker, disconnect } =
    parts.redisUrl === undefined
      ? openOnPostgres(parts, taken)
      : openOnRedis(parts.redisUrl, parts.prefix ?? 'qiao', taken, onFault);
  queue.on('error', onFault);
  worker.on('error', onFault);
  const isAnswering = async () => {
    try {
      return await within(CLOSE_MS, queue.getJobCounts('waiting'));
    } catch {
      return false;
    }
  };
  const close = () => {
    closing ??= (async () => {
      // Closed in order, a worker waits for its connections to come back.
      await within(CLOSE_MS, worker.close(!(wasReady && (await isAnswering()))));
      await within(CLOSE_MS, queue.close());
      disconnect();
    })();
    return closing;
  };
  try {
    wasReady = await within(
      parts.readyWithinMs ?? READY_MS,
      Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]),
    );
    if (!wasReady) {
      const reason = lastFault === undefined ? '' : `: ${faultText(lastFault)}`;
      throw new Error(`the queue does not answer${reason}`, { cause: lastFault });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    backend: parts.redisUrl === undefined ? 'postgres' : 'redis',
    wake: (exchange) => {
      if (closing !== undefined || onTheWay.has(exchange)) return;
      onTheWay.add(exchange);
      queue.add('wake', { exchange }, JOB).catch((error: Error) => {
        onFault(error);
        // Without a queue there is still this process, and the lane is its own.
        taken(exchange);
      });
      // Another gateway may take it and clear its own note, never ours.
      setTimeout(() => onTheWay.delete(exchange), NOTE_MS).unref();
    },
    ready: isAnswering,
    close,
  };
}

interface Opened {
  readonly queue: Pick<Queue, 'add' | 'on' | 'close' | 'waitUntilReady' | 'getJobCounts'>;
  readonly worker: Pick<Worker, 'on' | 'close' | 'waitUntilReady'>;
  disconnect(): void;
}

type Taken = (exchange: Exchange) => void;

function openOnPostgres(parts: WakeParts, taken: Taken): Opened {
  const classes = withBackend(createPostgresBackend);
  const connection = {
    connectionString: parts.databaseUrl,
    schema: 'bullmq',
    migrate: true,
    max: 4,
    application_name: 'qiao wakes',
    connectionTimeoutMillis: READY_MS,
    keepAlive: true,
    query_timeout: 30_000,
  };
  return {
    queue: new classes.Queue(QUEUE, { connection }) as unknown as Opened['queue'],
    worker: new classes.Worker(QUEUE, async (job) => taken(job.data.exchange), {
      connection,
      concurrency: 3,
    }) as unknown as Opened['worker'],
    disconnect: () => {},
  };
}

function openOnRedis(url: string, prefix: string, taken: Taken, onFault: (error: Error) => void): Opened {
  const all: Redis[] = [];
  const keep = (redis: Redis): Redis => {
    redis.on('error', onFault);
    all.push(redis);
    // BullMQ duplicates the worker's connection and, while Redis is away, does not let the copy go when it closes.
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (options) => keep(duplicate(options));
    return redis;
  };
  const make = (forQueue: boolean) => {
    const redis = new Redis(url, {
      maxRetriesPerRequest: null,
      connectTimeout: 5_000,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
      // What cannot be sent now fails now: kept until Redis is back, wake-ups would pile up for nothing.
      enableOfflineQueue: !forQueue,
    });
    return keep(redis);
  };
  const [forQueue, forWorker] = [make(true), make(false)];
  return {
    queue: new Queue(QUEUE, { connection: forQueue, prefix }),
    worker: new Worker(QUEUE, async (job) => taken(job.data.exchange), {
      connection: forWorker,
      concurrency: 3,
      prefix,
    }),
    disconnect: () => {
      for (const redis of all) redis.disconnect();
    },
  };
}

/** Whether it came to an end in time; throws what it throws. What comes later is heard by nobody. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Connecting to several addresses in vain gives an error without a text. */
function faultText({ message, code }: Error & { code?: string }): string {
  return message === '' ? (code ?? 'unknown') : message;
}
