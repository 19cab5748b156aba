import type { Limits } from './config-limits.ts';
import type { Faults } from './faults.ts';
import type { Log } from './gateway.ts';
import { repeat } from './gateway-timing.ts';
import type { LogMeasured } from './http/log-metrics.ts';
import type { Alarm, LogState } from './http/parts.ts';
import { latestCheckpoint } from './journal/checkpoints.ts';
import { type Database, openDatabase } from './journal/database.ts';
import { openLogThread } from './journal/log-thread.ts';
import type { Recomputed } from './journal/log-work.ts';
import { GATEWAY_ROLE, openGuards } from './journal/roles.ts';
import { countWaiting } from './journal/sequencer.ts';
import { headOf } from './journal/tree.ts';
import type { Opened } from './start-failure.ts';

/** The gateway's care for its log: every row gets its leaf, and every leaf is looked at again. */
export interface JournalLog extends LogMeasured {
  /** Begins: rows get their leaves, and the log is looked at again and again. */
  start(): void;
  /** Until the next start nothing of that is done: for measuring what it costs, and nothing else. */
  pause(): Promise<void>;
  isRunning(): boolean;
  /** Gives every row that waits its leaf now. */
  sequence(): Promise<void>;
  state(): Promise<Pick<LogState, 'head' | 'waiting' | 'signed' | 'recomputed'>>;
  /** Contradictions that stand, the first of them. */
  alarms(): readonly Alarm[];
  stop(): Promise<void>;
}

export interface JournalLogParts {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly opened: Opened;
  readonly log: Log;
  nowMs(): number;
}

const NONE_YET: Recomputed = {
  news: [],
  alarms: { count: 0, first: [] },
  lastCycle: undefined,
  ended: false,
  progress: 0n,
};

export function openJournalLog(parts: JournalLogParts): JournalLog {
  const { database, databaseUrl, limits, faults, opened, log, nowMs } = parts;
  const work = openLogThread({ ...limits, databaseUrl });
  opened.add(() => work.close());
  let looked = NONE_YET;

  const sequence = async () => {
    for (;;) {
      const { leaves, gone } = await work.sequence(nowMs());
      for (const { source, no } of gone) log('error', 'log-row-missing', { source, no: String(no) });
      if (leaves < limits.logBatch) return;
    }
  };
  const recompute = async () => {
    looked = await work.recompute(nowMs());
    for (const { code, at, zh, en } of looked.news) log('error', 'log-tampered', { code, at, zh, en });
    if (!looked.ended || looked.lastCycle === undefined) return;
    const { size, workedMs, alarms } = looked.lastCycle;
    log('info', 'log-recomputed', { leaves: String(size), workedMs: Math.round(workedMs), alarms });
  };
  const timers: (() => Promise<void>)[] = [];
  const pause = async () => {
    await Promise.all(timers.splice(0).map((stop) => stop()));
  };
  opened.add(pause);
  return {
    start: () => {
      timers.push(
        repeat(sequence, limits.logIntervalMs, faults.of('log')),
        repeat(recompute, limits.recomputeIntervalMs, faults.of('recomputation')),
      );
    },
    pause,
    isRunning: () => timers.length > 0,
    sequence: async () => {
      // Another gateway may have the batch: it is waited for, not passed by.
      do await sequence();
      while ((await countWaiting(database)) > 0n);
    },
    state: async () => {
      const [head, waiting, signed] = await Promise.all([
        headOf(database),
        countWaiting(database),
        latestCheckpoint(database),
      ]);
      return { head, waiting, signed, recomputed: looked };
    },
    alarms: () => looked.alarms.first,
    size: async () => (await headOf(database)).size,
    waiting: () => countWaiting(database),
    tampered: () => looked.alarms.count,
    stop: async () => {
      await pause();
      await work.close();
    },
  };
}

/**
 * The gateway's own pool of connections, under a role that cannot rewrite the journal.
 * @throws Error when the role can, as it would where the login in DATABASE_URL may not take it
 */
export async function openGatewayDatabase(
  url: string,
  limits: Limits,
  opened: Opened,
  onLost: (line: string) => void,
): Promise<Database> {
  const database = openDatabase(url, {
    max: limits.poolSize,
    role: GATEWAY_ROLE,
    statementTimeoutMs: limits.statementTimeoutMs,
    lockTimeoutMs: limits.lockTimeoutMs,
    log: onLost,
  });
  opened.add(() => database.close());
  // A trigger that is off is an alarm; a role that may rewrite is a mistake in how this gateway is set up.
  const free = (await openGuards(database)).filter(({ guard }) => guard === 'privilege');
  if (free.length > 0) {
    throw new Error(`the gateway could rewrite ${free.map(({ table }) => table).join(', ')}: see docs/decisions/0012`);
  }
  return database;
}
