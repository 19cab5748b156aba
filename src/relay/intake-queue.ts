import type { Answer, Arrival } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import { isAway } from '../journal/away.ts';
import { type IntakeParts, takeIn } from './intake.ts';
import { pause } from './pause.ts';

export interface IntakeQueue {
  /** Resolves once the answer is durable. Arrivals keep the order of the calls. */
  submit(arrival: Arrival): Promise<Answer>;
  /** Takes nothing more in; resolves when all that was taken has its answer. */
  stop(): Promise<void>;
  readonly waiting: number;
}

export interface QueueLimits {
  /** Arrivals in one transaction at most. */
  readonly batch: number;
  /** While it is busy, how long a batch that is not full waits for more, ms: fewer, larger commits. */
  readonly lingerMs: number;
  /** Arrivals of one exchange waiting at most; beyond that its answer is `busy` before memory grows. */
  readonly waiting: number;
}

interface Waiting {
  readonly arrival: Arrival;
  readonly resolve: (answer: Answer) => void;
}

const BUSY: Answer = { outcome: 'busy', retryAfterMs: 1000 };

/**
 * Collects arrivals while the last batch is being committed, so that one commit (one fsync) pays for many messages
 * under load and a lone message waits for nobody; while messages come in numbers, a batch waits a moment for more.
 *
 * The exchanges take turns and each has its own quota: the flood of one (bids in a last second) costs the others no more
 * than a share of each batch.
 */
export function openIntakeQueue(
  parts: IntakeParts,
  limits: QueueLimits,
  onFault: (error: unknown, arrivals: number) => void,
): IntakeQueue {
  const lines = new Map<Exchange, Waiting[]>();
  const waiting = () => [...lines.values()].reduce((sum, { length }) => sum + length, 0);
  let stopped = false;
  let running: Promise<void> | undefined;

  let busy = false;
  const run = async () => {
    while (waiting() > 0) {
      if (busy && waiting() < limits.batch && !stopped) await pause(limits.lingerMs);
      const batch = nextBatch();
      busy = batch.length > 1;
      const answers = await takeBatch(batch.map(({ arrival }) => arrival));
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] ?? BUSY);
      for (const [i, { arrival }] of batch.entries())
        if (isPutOff(arrival, answers[i] ?? BUSY)) turnBack(arrival.exchange);
    }
    running = undefined;
  };

  /** One of each exchange in turn. Two arrivals with one key never share a batch: the second must see the first's answer. */
  const nextBatch = (): Waiting[] => {
    const batch: Waiting[] = [];
    const turns = [...lines].map(([exchange, line]) => ({ exchange, line, keys: new Set<string>() }));
    for (let open = turns; open.length > 0 && batch.length < limits.batch; ) {
      open = open.filter(({ line, keys }) => {
        const next = line[keys.size];
        if (next === undefined || keys.has(next.arrival.key) || batch.length === limits.batch) return false;
        keys.add(next.arrival.key);
        batch.push(next);
        return true;
      });
    }
    lines.clear();
    // Who had the fewest turns is first in the next batch: batches may be smaller than the exchanges are many.
    for (const { exchange, line, keys } of turns.sort((one, other) => one.keys.size - other.keys.size)) {
      if (keys.size < line.length) lines.set(exchange, line.slice(keys.size));
    }
    return batch;
  };

  /** Those behind a message that was put off come again with it: none of them may be first. */
  const turnBack = (exchange: Exchange) => {
    for (const { resolve } of lines.get(exchange) ?? []) resolve(BUSY);
    lines.delete(exchange);
  };

  const takeBatch = async (arrivals: readonly Arrival[]): Promise<readonly Answer[]> => {
    try {
      return await takeIn(arrivals, parts);
    } catch (error) {
      onFault(error, arrivals.length);
      // The database is away or overloaded: trying each alone would only take longer.
      if (arrivals.length === 1 || isAway(error)) return arrivals.map(() => BUSY);
      // One bad apple must not hold up the others: each alone, in order.
      const answers: Answer[] = [];
      const behind = new Set<Exchange>();
      for (const arrival of arrivals) {
        const answer = behind.has(arrival.exchange) ? BUSY : (await takeBatch([arrival]))[0]!;
        if (isPutOff(arrival, answer)) behind.add(arrival.exchange);
        answers.push(answer);
      }
      return answers;
    }
  };

  return {
    submit: (arrival) =>
      new Promise((resolve) => {
        const line = lines.get(arrival.exchange) ?? [];
        if (stopped || line.length >= limits.waiting) {
          resolve(BUSY);
          return;
        }
        line.push({ arrival, resolve });
        lines.set(arrival.exchange, line);
        running ??= Promise.resolve().then(run);
      }),
    stop: async () => {
      stopped = true;
      await running;
    },
    get waiting() {
      return waiting();
    },
  };
}

function isPutOff({ ordered }: Arrival, { outcome }: Answer): boolean {
  return ordered === true && outcome === 'busy';
}
