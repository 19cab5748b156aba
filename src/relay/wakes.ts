import type { Exchange } from '../contract/exchange.ts';
import { openQueue } from './queue.ts';

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

const JOB = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

/** How long a wake-up that another gateway has taken keeps us from sending the next one. */
const NOTE_MS = 100;

/** Opens the queue; throws when it does not answer in time, with the last fault as the cause, and leaves nothing open. */
export async function openWakes(parts: WakeParts): Promise<Wakes> {
  let isClosing = false;
  const onFault = (error: Error) => {
    if (!isClosing) parts.onFault(error);
  };
  // One wake-up on its way for each exchange is enough: it is taken off here before the outbox is looked at.
  const onTheWay = new Set<Exchange>();
  const taken = (exchange: Exchange) => {
    onTheWay.delete(exchange);
    if (!isClosing) parts.onWake(exchange);
  };
  const { databaseUrl, redisUrl, prefix, readyWithinMs } = parts;
  const { backend, queue, isAnswering, close } = await openQueue({
    ...{ databaseUrl, redisUrl, prefix, readyWithinMs, onFault },
    name: 'qiao-wakes',
    atOnce: 3,
    perform: (wake) => taken((wake as { readonly exchange: Exchange }).exchange),
  });
  return {
    backend,
    wake: (exchange) => {
      if (isClosing || onTheWay.has(exchange)) return;
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
    close: () => {
      isClosing = true;
      return close();
    },
  };
}
