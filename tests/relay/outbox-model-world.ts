import { setImmediate as turn } from 'node:timers/promises';
import type fc from 'fast-check';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { Database } from '../../src/journal/database.ts';

/**
 * Programs on one PostgreSQL, one step at a time: every statement and every movement of a request is a task of the
 * scheduler, and after each task all goes on that can go on by itself. So a program can be killed between any two awaits.
 */
export interface World {
  nowMs(): number;
  advance(ms: number): void;
  /** Resolves when the scheduler picks it; never, where the program has died meanwhile. */
  step(of: Program | undefined, label: string): Promise<void>;
  /** So many tasks, as long as there are any. */
  go(tasks: number): Promise<void>;
  /** Until there is no task left. */
  rest(): Promise<void>;
  /** `heard` is told each statement and its rows. */
  open(program: Program, heard?: (text: string, rows: readonly object[]) => void): Database;
  /** What it still had to do is forgotten, its transactions are rolled back, its connections end. */
  kill(program: Program): Promise<void>;
}

/** Whoever works on the database until it is killed. */
export interface Program {
  readonly name: string;
  isDead: boolean;
}

interface Connection {
  readonly program: Program;
  readonly client: PoolClient;
  underWay: Promise<QueryResult> | undefined;
}

/** A statement that takes longer may be waiting for a lock: the server is asked. */
const PATIENCE_MS = 15;
const NEVER = new Promise<never>(() => {});

export function openWorld(real: Database, scheduler: fc.Scheduler, startMs: number): World {
  const connections = new Set<Connection>();
  const underWay = new Set<Promise<unknown>>();
  let now = startMs;

  const track = <Result>(work: Promise<Result>): Promise<Result> => {
    const ended = work.then(
      () => {},
      () => {},
    );
    underWay.add(ended);
    void ended.then(() => underWay.delete(ended));
    return work;
  };

  const blocked = async (): Promise<number> => {
    const pids = [...connections].flatMap(({ client, underWay: some }) => (some === undefined ? [] : [pidOf(client)]));
    const { rows } = await real.query<{ n: number }>(
      `select count(*)::int as n from unnest($1::int[]) as t(pid) where cardinality(pg_blocking_pids(pid)) > 0`,
      [pids],
    );
    return rows[0]!.n;
  };

  /** Until everything that can go on by itself has: what is left waits for the scheduler, or for a lock. */
  const settled = async () => {
    for (;;) {
      await turn();
      if (underWay.size === 0) {
        // The shortest timers (a pause of nothing) go off in the order in which they were set.
        await new Promise((resolve) => setTimeout(resolve, 1));
        await turn();
        if (underWay.size === 0) return;
      }
      await Promise.race([Promise.all(underWay), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
      if (underWay.size > 0 && (await blocked()) === underWay.size) return;
    }
  };

  const step: World['step'] = async (of, label) => {
    if (of?.isDead) return NEVER;
    await scheduler.schedule(Promise.resolve(), label);
    return of?.isDead ? NEVER : undefined;
  };

  const go = async (tasks: number) => {
    await settled();
    for (let left = tasks; left > 0 && scheduler.count() > 0; left--) {
      await scheduler.waitNext(1);
      await settled();
    }
  };

  const open: World['open'] = (program, heard): Database => {
    const connect = async (): Promise<PoolClient> => {
      if (program.isDead) return NEVER;
      const client = await track(real.connect());
      const connection: Connection = { program, client, underWay: undefined };
      connections.add(connection);
      let last: Promise<unknown> = Promise.resolve();
      const query = (...given: Parameters<PoolClient['query']>) => {
        const asked = last.then(async () => {
          await step(program, `${program.name}: ${textOf(given[0]).slice(0, 24)}`);
          connection.underWay = track(client.query(...given) as unknown as Promise<QueryResult>);
          try {
            const result = await connection.underWay;
            if (!program.isDead) heard?.(textOf(given[0]), result.rows);
            return result;
          } finally {
            connection.underWay = undefined;
            // It ended while its program was being killed: nobody hears of it.
            if (program.isDead) await NEVER;
          }
        });
        last = asked.catch(() => {});
        return asked;
      };
      const release = (error?: Error) => {
        connections.delete(connection);
        client.release(error);
      };
      const shown = { query, release, on: client.on.bind(client), off: client.off.bind(client) };
      return shown as unknown as PoolClient;
    };
    return {
      url: real.url,
      connect,
      query: async <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => {
        const client = await connect();
        try {
          return await client.query<Row>(text, values as unknown[]);
        } finally {
          client.release();
        }
      },
      close: async () => {},
    };
  };

  const kill = async (program: Program) => {
    await settled();
    program.isDead = true;
    for (const connection of [...connections].filter((one) => one.program === program)) {
      connections.delete(connection);
      const { client, underWay: some } = connection;
      // Everything else has ended: it waits for a lock.
      if (some !== undefined) await real.query('select pg_cancel_backend($1)', [pidOf(client)]);
      await some?.catch(() => {});
      await client.query('ROLLBACK');
      client.release();
    }
    await settled();
  };

  return {
    nowMs: () => now,
    advance: (ms) => {
      now += ms;
    },
    ...{ step, go, open, kill },
    rest: () => go(Number.POSITIVE_INFINITY),
  };
}

function pidOf(client: PoolClient): number {
  return (client as unknown as { readonly processID: number }).processID;
}

function textOf(given: unknown): string {
  const text = typeof given === 'string' ? given : (given as { readonly text: string }).text;
  return text.trim().replaceAll(/\s+/g, ' ');
}
