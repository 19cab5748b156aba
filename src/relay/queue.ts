import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

export interface QueueParts {
  readonly databaseUrl: string;
  /** Absent: BullMQ's PostgreSQL backend in the gateway's own database. */
  readonly redisUrl: string | undefined;
  /** Queues of different gateways on one Redis are kept apart by it. */
  readonly prefix?: string | undefined;
  readonly name: string;
  /** Jobs under way at once in this process. */
  readonly atOnce: number;
  /** For so long a job belongs to a worker that no longer answers; then it goes to another. */
  readonly lockMs?: number | undefined;
  /** How long the queue has to answer for the first time. */
  readonly readyWithinMs?: number | undefined;
  perform(input: unknown): unknown;
  onFault(error: Error): void;
}

type Queued = Pick<
  Queue,
  'add' | 'addBulk' | 'on' | 'close' | 'waitUntilReady' | 'getJobCounts' | 'getJobState' | 'remove'
>;
type Working = Pick<Worker, 'on' | 'close' | 'waitUntilReady'>;

/** A queue and this process's worker at it, on PostgreSQL or on Redis. Jobs carry no truth: what they are about is in the journal's tables. */
export interface OpenQueue {
  readonly backend: 'postgres' | 'redis';
  readonly queue: Queued;
  readonly worker: Working;
  isAnswering(): Promise<boolean>;
  /** Resolves within a few seconds, also when the queue no longer answers. May be called twice. */
  close(): Promise<void>;
}

const READY_MS = 6_000;
const CLOSE_MS = 3_000;

/** Opens the queue; throws when it does not answer in time, with the last fault as the cause, and leaves nothing open. */
export async function openQueue(parts: QueueParts): Promise<OpenQueue> {
  let closing: Promise<void> | undefined;
  let lastFault: Error | undefined;
  let wasReady = false;
  // The server may end a connection before it reads that we have left it: no fault of anybody's.
  const onFault = (error: Error) => {
    if (closing !== undefined) return;
    lastFault = error;
    parts.onFault(error);
  };
  const { queue, worker, disconnect } =
    parts.redisUrl === undefined ? openOnPostgres(parts) : openOnRedis(parts.redisUrl, parts, onFault);
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
  return { backend: parts.redisUrl === undefined ? 'postgres' : 'redis', queue, worker, isAnswering, close };
}

interface Opened {
  readonly queue: Queued;
  readonly worker: Working;
  disconnect(): void;
}

function workingAs({ atOnce, lockMs }: QueueParts) {
  // A dead worker is noticed within one more lock.
  return { concurrency: atOnce, ...(lockMs === undefined ? {} : { lockDuration: lockMs, stalledInterval: lockMs }) };
}

function openOnPostgres(parts: QueueParts): Opened {
  const classes = withBackend(createPostgresBackend);
  const connection = {
    connectionString: parts.databaseUrl,
    schema: 'bullmq',
    migrate: true,
    max: 4,
    application_name: parts.name.replaceAll('-', ' '),
    connectionTimeoutMillis: READY_MS,
    keepAlive: true,
    query_timeout: 30_000,
  };
  return {
    queue: new classes.Queue(parts.name, { connection }) as unknown as Queued,
    worker: new classes.Worker(parts.name, async (job) => await parts.perform(job.data), {
      connection,
      ...workingAs(parts),
    }) as unknown as Working,
    disconnect: () => {},
  };
}

function openOnRedis(url: string, parts: QueueParts, onFault: (error: Error) => void): Opened {
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
      // What cannot be sent now fails now: kept until Redis is back, jobs would pile up for nothing.
      enableOfflineQueue: !forQueue,
    });
    return keep(redis);
  };
  const [forQueue, forWorker] = [make(true), make(false)];
  const { prefix = 'qiao' } = parts;
  return {
    queue: new Queue(parts.name, { connection: forQueue, prefix }),
    worker: new Worker(parts.name, async (job) => await parts.perform(job.data), {
      connection: forWorker,
      prefix,
      ...workingAs(parts),
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
