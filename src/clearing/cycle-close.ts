import { addDays, dateAt } from '../contract/dates.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import {
  type Blocker,
  BY_CLOCK,
  type Cycle,
  type CycleState,
  listCycles,
  readCycle,
  type Taker,
  unclosedCycles,
} from './cycle.ts';
import { blockCycle, cycleLock, moveCycle, openCycle, type Reached } from './cycle-moves.ts';

/** What one step came to: the next state, or what is in its way. */
export type Outcome =
  | { readonly blocked: readonly Blocker[] }
  | (Reached & {
      /** Done in the transaction of the move: both stand or neither does. */
      within?(connection: Queryable): Promise<void>;
    });

/**
 * One step of the close, from the state it is named by. It may be taken again after a crash, and must not mind: what is not
 * done in the transaction of the move is found done.
 */
export type Step = (cycle: Cycle, by: Taker) => Promise<Outcome>;
export type Steps = Readonly<Record<Exclude<CycleState, 'closed'>, Step>>;

export interface ClosingParts {
  readonly database: Database;
  readonly steps: Steps;
  /** Whether any exchange has business on that day; undefined where the calendar does not reach. */
  isBusinessDay(date: string): boolean | undefined;
  nowMs(): number;
}

export interface Closing {
  /**
   * Goes on with a day as far as it goes, and gives where it stands then; undefined: there is no such day. Where another
   * gateway (or another call) is at it, that one goes on.
   */
  advance(cycle: string, by: Taker): Promise<Cycle | undefined>;
  /** One look by the clock: opens the days that have come, and goes on with every day not closed. */
  sweep(): Promise<void>;
}

/** Days looked back for what was missed while no gateway ran. */
const MOST_MISSED = 10;

export function openClosing(parts: ClosingParts): Closing {
  const { database, steps, nowMs } = parts;

  const stepOn = async (cycle: Cycle, by: Taker): Promise<boolean> => {
    if (cycle.state === 'closed') return false;
    const outcome = await steps[cycle.state](cycle, by);
    const at = new Date(nowMs());
    if ('blocked' in outcome) {
      await transaction(database, (connection) => blockCycle(connection, cycle, outcome.blocked, at));
      return false;
    }
    return transaction(database, async (connection) => {
      await outcome.within?.(connection);
      if (!(await moveCycle(connection, cycle, outcome, by, at))) throw new Overtaken();
      return true;
    }).catch((error: unknown) => {
      if (error instanceof Overtaken) return false;
      throw error;
    });
  };

  const advance: Closing['advance'] = async (date, by) => {
    await alone(database, date, async () => {
      for (;;) {
        const cycle = await readCycle(database, date);
        if (cycle === undefined || !(await stepOn(cycle, by))) return;
      }
    });
    return readCycle(database, date);
  };

  const openDue = async () => {
    const today = dateAt(nowMs());
    const [last] = await listCycles(database, undefined, 1);
    for (let days = last === undefined ? 0 : MOST_MISSED; days >= 0; days--) {
      const date = addDays(today, -days);
      if ((last !== undefined && date <= last.cycle) || parts.isBusinessDay(date) !== true) continue;
      await transaction(database, (connection) => openCycle(connection, date, BY_CLOCK, new Date(nowMs())));
    }
  };

  return {
    advance,
    sweep: async () => {
      await openDue();
      for (const { cycle } of await unclosedCycles(database)) await advance(cycle, BY_CLOCK);
    },
  };
}

/** Rolls back what was done within a move that another made first. */
class Overtaken extends Error {}

/** Does it unless another does: the lock goes with its connection, so that a gateway that died is in nobody's way. */
async function alone(database: Database, date: string, work: () => Promise<void>): Promise<void> {
  const client = await database.connect();
  let lost: Error | undefined;
  const onLost = (error: Error) => {
    lost = error;
  };
  client.on('error', onLost);
  const key = [cycleLock(date)];
  try {
    const { rows } = await client.query<{ got: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as got',
      key,
    );
    if (rows[0]?.got !== true) return;
    try {
      await work();
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', key).catch(onLost);
    }
  } finally {
    client.off('error', onLost);
    client.release(lost);
  }
}
