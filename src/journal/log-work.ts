import { openDatabase, type Queryable } from './database.ts';
import { type Cycle, type KnownHead, openRecomputation } from './recompute.ts';
import { type Alarm, alarm } from './recompute-alarms.ts';
import { GATEWAY_ROLE } from './roles.ts';
import { isWaiting, type Sequenced, sequence } from './sequencer.ts';

/** What the log needs done, on a connection of its own: beside the relay, or on a thread (log-thread.ts). */
export interface LogWork {
  /** Gives the next batch of rows their leaves. */
  sequence(atMs: number): Promise<Sequenced>;
  /** Makes the next slice of the log anew. */
  recompute(atMs: number): Promise<Recomputed>;
  close(): Promise<void>;
}

export interface LogWorkOptions {
  readonly databaseUrl: string;
  /** Leaves in one transaction. */
  readonly logBatch: number;
  /** Leaves made anew in one step. */
  readonly recomputeSlice: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

/** How the recomputation stands after a step. */
export interface Recomputed {
  /** Contradictions first found in this step. */
  readonly news: readonly Alarm[];
  readonly alarms: { readonly count: number; readonly first: readonly Alarm[] };
  readonly lastCycle: Cycle | undefined;
  /** That step was the end of a cycle. */
  readonly ended: boolean;
  /** Leaves looked at in the cycle under way. */
  readonly progress: bigint;
}

export function openLogWork(options: LogWorkOptions): LogWork {
  const { statementTimeoutMs, lockTimeoutMs } = options;
  // One for each of the two, so that a slow look at old leaves keeps no new one waiting.
  const database = openDatabase(options.databaseUrl, { max: 2, role: GATEWAY_ROLE, statementTimeoutMs, lockTimeoutMs });
  let now = 0;
  let news: Alarm[] = [];
  const recomputation = openRecomputation({
    database,
    slice: options.recomputeSlice,
    known: () => signedHeads(database),
    nowMs: () => now,
    onAlarm: (found) => news.push(found),
    onCycle: () => {},
  });
  return {
    sequence: async (atMs) => {
      if (!(await isWaiting(database))) return { leaves: 0, gone: [] };
      const done = await sequence(database, options.logBatch, atMs);
      // Recomputation could never find them: neither the row is there, nor a leaf that misses it.
      for (const { source, no } of done.gone) recomputation.report(alarm('row-missing', `${source} ${no}`));
      return done;
    },
    recompute: async (atMs) => {
      now = atMs;
      const ended = await recomputation.step();
      const told = news;
      news = [];
      return {
        news: told,
        alarms: recomputation.alarms(),
        lastCycle: recomputation.lastCycle(),
        ended,
        progress: recomputation.progress(),
      };
    },
    close: () => database.close(),
  };
}

/** Heads held against the tree: more of them would show nothing more, as each tree holds those before it. */
const MOST_SIGNED = 200;

/** The newest trees that the gateway has signed, and the first. */
async function signedHeads(connection: Queryable): Promise<readonly KnownHead[]> {
  const { rows } = await connection.query<{ size: bigint; root: Buffer }>(
    `(select size, root from checkpoint order by size desc limit $1)
      union (select size, root from checkpoint order by size limit 1)`,
    [MOST_SIGNED],
  );
  return rows;
}
