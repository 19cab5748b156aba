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
  close(): Promise<void>;
}

export interface WakeParts {
  readonly databaseUrl: string;
  /** Absent: BullMQ's PostgreSQL backend in the gateway's own database. */
  readonly redisUrl: string | undefined;
  /** Wake-ups of different gateways on one Redis are kept apart by it. */
  readonly prefix?: string;
  onWake(exchange: Exchange): void;
  onFault(error: Error): void;
}

const QUEUE = 'qiao-wakes';
const JOB = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

export async function openWakes(parts: WakeParts): Promise<Wakes> {
  const opened = parts.redisUrl === undefined ? openOnPostgres(parts) : openOnRedis(parts, parts.redisUrl);
  const { queue, worker } = opened;
  queue.on('error', parts.onFault);
  worker.on('error', parts.onFault);
  await queue.waitUntilReady();
  await worker.waitUntilReady();
  // One wake-up on its way for each exchange is enough: it is taken off here before the outbox is looked at.
  const onTheWay = new Set<Exchange>();
  opened.taken = (exchange) => {
    onTheWay.delete(exchange);
    parts.onWake(exchange);
  };
  return {
    backend: parts.redisUrl === undefined ? 'postgres' : 'redis',
    wake: (exchange) => {
      if (onTheWay.has(exchange)) return;
      onTheWay.add(exchange);
      queue.add('wake', { exchange }, JOB).catch((error: Error) => {
        onTheWay.delete(exchange);
        parts.onFault(error);
      });
      // Another gateway may take it and clear its own note, never ours.
      setTimeout(() => onTheWay.delete(exchange), NOTE_MS).unref();
    },
    ready: async () => {
      try {
        await queue.getJobCounts('waiting');
        return true;
      } catch {
        return false;
      }
    },
    close: async () => {
      await worker.close();
      await queue.close();
      await opened.closed?.();
    },
  };
}

/** How long a wake-up that another gateway has taken keeps us from sending the next one. */
const NOTE_MS = 100;

interface Opened {
  readonly queue: Pick<Queue, 'add' | 'on' | 'close' | 'waitUntilReady' | 'getJobCounts'>;
  readonly worker: Pick<Worker, 'on' | 'close' | 'waitUntilReady'>;
  taken: (exchange: Exchange) => void;
  closed?: () => Promise<void>;
}

function openOnPostgres(parts: WakeParts): Opened {
  const classes = withBackend(createPostgresBackend);
  const connection = {
    connectionString: parts.databaseUrl,
    schema: 'bullmq',
    migrate: true,
    max: 4,
    application_name: 'qiao wakes',
  };
  const opened: Opened = {
    queue: new classes.Queue(QUEUE, { connection }) as unknown as Opened['queue'],
    worker: new classes.Worker(QUEUE, async (job) => opened.taken(job.data.exchange), {
      connection,
      concurrency: 3,
    }) as unknown as Opened['worker'],
    taken: () => {},
  };
  return opened;
}

function openOnRedis(parts: WakeParts, url: string): Opened {
  const make = () => {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    redis.on('error', parts.onFault);
    return redis;
  };
  const [forQueue, forWorker] = [make(), make()];
  const prefix = parts.prefix ?? 'qiao';
  const opened: Opened = {
    queue: new Queue(QUEUE, { connection: forQueue, prefix }),
    worker: new Worker(QUEUE, async (job) => opened.taken(job.data.exchange), {
      connection: forWorker,
      concurrency: 3,
      prefix,
    }),
    taken: () => {},
    closed: async () => {
      forQueue.disconnect();
      forWorker.disconnect();
    },
  };
  return opened;
}
