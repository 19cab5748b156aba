import { openQueue } from './queue.ts';

/** Clearing's port of that name (src/clearing/jobs.ts), over all gateways of one database: each takes what it has room for. */
export interface ClearingJobs {
  readonly backend: 'postgres' | 'redis';
  /** Answers in the order of the inputs, which are plain JSON; rejects with a failure after what is under way here has ended. */
  run<Input, Answer>(
    name: string,
    inputs: readonly Input[],
    perform: (input: Input) => Promise<Answer>,
  ): Promise<readonly Answer[]>;
  /** Resolves within a few seconds. What is under way here goes to another gateway. */
  close(): Promise<void>;
}

export interface ClearingJobParts {
  readonly databaseUrl: string;
  /** Absent: BullMQ's PostgreSQL backend in the gateway's own database. */
  readonly redisUrl: string | undefined;
  readonly prefix?: string;
  /** Pieces under way at once in this process. */
  readonly atOnce: number;
  /** For so long a piece belongs to a gateway that no longer answers; then another does it. */
  readonly lockMs: number;
  /** How often it is asked what has become of pieces that others do. */
  readonly pollMs: number;
  /** Does a piece that any gateway has asked for: what `run` is given there, and as harmless when done twice. */
  perform(input: unknown): Promise<unknown>;
  onFault(error: Error): void;
}

const JOB = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;
/** In the queue a job is in one of these; in any other, or gone, it has come to an end. */
const UNDER_WAY: readonly string[] = ['waiting', 'active', 'delayed', 'prioritized', 'paused', 'waiting-children'];

/**
 * The queue only says who does what and when: the answers are in PostgreSQL. So whoever asked looks a piece up by
 * performing it, which gives at once what stands already; and where a job was lost, its worker failed or the queue is
 * silent, performing it is what is left to do.
 *
 * Throws when the queue does not answer while it is opened.
 */
export async function openClearingJobs(parts: ClearingJobParts): Promise<ClearingJobs> {
  const { databaseUrl, redisUrl, prefix, atOnce, lockMs } = parts;
  let isClosing = false;
  const onFault = (error: Error) => {
    if (!isClosing) parts.onFault(error);
  };
  const { backend, queue, worker, close } = await openQueue({
    ...{ databaseUrl, redisUrl, prefix, atOnce, lockMs, onFault },
    name: 'qiao-clearing',
    perform: async (input) => void (await parts.perform(input)),
  });
  const heard = new Map<string, () => void>();
  const end = (id: string | undefined) => heard.get(id ?? '')?.();
  worker.on('completed', ({ id }) => end(id));
  worker.on('failed', (job, error) => {
    onFault(error);
    end(job?.id);
  });

  const isUnderWay = async (id: string) => {
    try {
      return UNDER_WAY.includes(await queue.getJobState(id));
    } catch (error) {
      onFault(error as Error);
      return false;
    }
  };
  /** Resolves when the queue has nothing more to do with it. */
  const ended = async (id: string) => {
    let isHeard = false;
    let wake = () => {};
    heard.set(id, () => {
      isHeard = true;
      wake();
    });
    while (!isClosing && !isHeard && (await isUnderWay(id))) {
      if (isHeard) break;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, parts.pollMs);
      });
      clearTimeout(timer);
    }
    heard.delete(id);
  };

  /** It need not be done any more; where it is under way it ends by itself. */
  const forget = (id: string) =>
    queue
      .remove(id)
      .catch(() => {})
      .then(() => end(id));

  return {
    backend,
    async run<Input, Answer>(
      name: string,
      inputs: readonly Input[],
      perform: (input: Input) => Promise<Answer>,
    ): Promise<readonly Answer[]> {
      const ids = inputs.map((_, at) => `${name}/${at}`);
      await queue
        .addBulk(inputs.map((data, at) => ({ name: 'piece', data, opts: { ...JOB, jobId: ids[at]! } })))
        .catch(onFault);
      const ends = ids.map(ended);
      const answers: Answer[] = new Array(inputs.length);
      const left = inputs.entries();
      let hasFailed = false;
      const work = async () => {
        for (const [at, input] of left) {
          await ends[at];
          if (hasFailed) return;
          try {
            answers[at] = await perform(input);
          } catch (error) {
            hasFailed = true;
            for (const id of ids) if (heard.has(id)) void forget(id);
            throw error;
          }
        }
      };
      const all = await Promise.allSettled(Array.from({ length: Math.min(atOnce, inputs.length) }, work));
      const failure = all.find((one) => one.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      return answers;
    },
    close: () => {
      isClosing = true;
      return close();
    },
  };
}
