import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type pg from 'pg';
import type { Database } from '../../src/journal/database.ts';
import type { Connections } from './connections.ts';
import { ask as askServer } from './prepared.ts';
import type { Program, World } from './world.ts';

/**
 * A real PostgreSQL, asked by one connection at a time: each answer is a step of the world, so how the transactions of
 * several gateways interleave is the seed's choice, and their locks, conflicts and rollbacks are PostgreSQL's own. A
 * statement that waits for another's lock is left waiting until a transaction ends.
 */
export interface Store {
  /** A program's pool of so many connections. */
  open(program: Program, connections: number): Database;
  /** A program has died: its transactions are rolled back. */
  bury(program: Program): Promise<void>;
  /** The next statements of that program end so. */
  fail(program: Program, how: StoreFault): void;
  heal(): void;
  /** The world is over: whatever is still open is rolled back. */
  close(): Promise<void>;
}

/** lost: the connection breaks before the statement; unanswered: at the next COMMIT, after which nobody knows. */
export type StoreFault = 'lost' | 'unanswered';

/** What a program has asked and has no answer to yet. */
interface Waiting {
  readonly text: string;
  readonly values: readonly unknown[] | undefined;
  /** It is at the server. */
  isSent: boolean;
  /** The server has answered. */
  answer: (() => void) | undefined;
  readonly resolve: (result: pg.QueryResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What takes the place of pg's client in the gateway's hands. */
class VirtualClient extends EventEmitter {
  readonly real: pg.Client;
  readonly program: Program;
  readonly waiting: Waiting[] = [];
  /** Statements of it are under way at the server. */
  underWay: Promise<unknown> | undefined;
  /** The first that waits can only be answered once another's transaction has ended. */
  isParked = false;
  isBroken = false;
  isStepping = false;
  readonly #ask: (client: VirtualClient) => void;
  readonly release: (error?: Error | boolean) => void;
  constructor(
    real: pg.Client,
    program: Program,
    ask: (client: VirtualClient) => void,
    release: (client: VirtualClient) => void,
  ) {
    super();
    this.real = real;
    this.program = program;
    this.#ask = ask;
    this.release = () => release(this);
  }
  query(given: string | pg.QueryConfig, values?: readonly unknown[]): Promise<pg.QueryResult> {
    const [text, all] = typeof given === 'string' ? [given, values] : [given.text, given.values];
    return new Promise((resolve, reject) => {
      this.waiting.push({ text, values: all, isSent: false, answer: undefined, resolve, reject });
      this.#ask(this);
    });
  }
}

const realTimeout = globalThis.setTimeout;
const realPause = (ms: number) => new Promise((resolve) => realTimeout(resolve, ms));
/** A statement that has not ended by then may be waiting for a lock: the server is asked. */
const PATIENCE_MS = 20;

export function openStore(world: World, connections: Connections): Store {
  const { random } = world;
  const clients = new Set<VirtualClient>();
  /** Something of theirs at the server waits for another's lock. */
  const blocked = new Set<VirtualClient>();
  const faults = new Map<Program, StoreFault>();
  const pidOf = (client: pg.Client) => (client as unknown as { readonly processID: number }).processID;

  const isBlocked = async (client: VirtualClient) => {
    const { rows } = await connections.monitor.query('select cardinality(pg_blocking_pids($1)) > 0 as blocked', [
      pidOf(client.real),
    ]);
    return rows[0].blocked === true;
  };
  /** Until the statement has ended (true) or waits for another's lock (false): one of the two it comes to. */
  const endedOrBlocked = async (client: VirtualClient, patienceMs = PATIENCE_MS): Promise<boolean> => {
    for (let ms = patienceMs; ; ms = PATIENCE_MS) {
      const under = client.underWay;
      if (under === undefined) return true;
      if (ms > 0) await Promise.race([under, realPause(ms)]);
      if (client.underWay === undefined) return true;
      if (await isBlocked(client)) return client.underWay === undefined;
    }
  };
  /** Locks were let go: who waited for them goes on, and who waited for those. */
  const unpark = async () => {
    for (let isMoving = true; isMoving; ) {
      isMoving = false;
      for (const client of [...blocked]) {
        if (!(await endedOrBlocked(client, 0))) continue;
        blocked.delete(client);
        isMoving = true;
        if (!client.isParked || client.waiting[0]?.answer === undefined) continue;
        client.isParked = false;
        // Its answer is a step of its own.
        client.isStepping = true;
        world.after(0, client.program, 'unparked', () => {
          client.isStepping = false;
          goOn(client);
        });
      }
    }
  };

  /** Whatever is under way at the server is given up, and its transaction undone. */
  const undo = async (client: VirtualClient) => {
    blocked.delete(client);
    client.isParked = false;
    if (client.underWay !== undefined) {
      await connections.monitor.query('select pg_cancel_backend($1)', [pidOf(client.real)]);
      await client.underWay;
    }
    if (client.real.getTransactionStatus() !== 'I') await client.real.query('rollback');
  };

  const breakDown = async (client: VirtualClient, error: Error) => {
    client.isBroken = true;
    await undo(client);
    await unpark();
    for (const one of client.waiting.splice(0)) one.reject(error);
    client.emit('error', error);
  };

  /**
   * Sends all that waits: what a program asks without waiting for answers goes out together, as it does in production
   * (`pipeline`); each answer is a step of its own.
   */
  const send = (client: VirtualClient) => {
    const socket = (client.real as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream;
    const nowMs = world.nowMs();
    socket.cork();
    const all = client.waiting
      .filter(({ isSent }) => !isSent)
      .map(async (one) => {
        one.isSent = true;
        try {
          const result = await askServer(client.real, one, nowMs);
          one.answer = () => one.resolve(result);
        } catch (error) {
          one.answer = () => one.reject(error);
        }
      });
    socket.uncork();
    client.underWay = Promise.all(all).then(() => {
      client.underWay = undefined;
    });
  };

  const goOn = (client: VirtualClient) => {
    client.waiting.shift()?.answer?.();
    ask(client);
  };

  const step = async (client: VirtualClient) => {
    client.isStepping = false;
    const next = client.waiting[0];
    if (next === undefined) return;
    const fault = faults.get(client.program);
    const fail = async () => {
      client.waiting.shift();
      next.reject(lost());
      if (!client.isBroken) await breakDown(client, lost());
    };
    if (client.isBroken) return fail();
    if (fault === 'lost' && !/^rollback/i.test(next.text)) {
      faults.delete(client.program);
      return fail();
    }
    if (!next.isSent) {
      send(client);
      if (!(await endedOrBlocked(client))) blocked.add(client);
    }
    if (next.answer === undefined) {
      world.note(`${client.program.name} waits for a lock`);
      client.isParked = true;
      return;
    }
    // A statement alone is a transaction, too: when the world grows calm there may be no other.
    if (/^rollback/i.test(next.text) || client.real.getTransactionStatus() === 'I') await unpark();
    if (fault === 'unanswered' && /^commit/i.test(next.text)) {
      faults.delete(client.program);
      return fail();
    }
    goOn(client);
  };

  const ask = (client: VirtualClient) => {
    if (client.waiting.length === 0 || client.isStepping || client.isParked) return;
    client.isStepping = true;
    const ms = 0.05 + (random.next() < 0.02 ? random.next() * 30 : random.next());
    world.after(ms, client.program, `sql ${client.waiting[0]!.text.slice(0, 24).replaceAll(/\s+/g, ' ')}`, () =>
      step(client),
    );
  };

  const end = async (ending: readonly VirtualClient[]) => {
    for (const client of ending) {
      clients.delete(client);
      await undo(client);
      connections.give(client.real);
    }
    await unpark();
  };

  return {
    open: (program, most) => {
      const idle: VirtualClient[] = [];
      const queue: ((client: VirtualClient) => void)[] = [];
      let open = 0;
      const free = (client: VirtualClient) => {
        client.removeAllListeners();
        client.on('error', () => {});
        if (client.isBroken) {
          open -= 1;
          clients.delete(client);
          connections.give(client.real);
          const waiting = queue.shift();
          if (waiting !== undefined) void make().then(waiting);
          return;
        }
        const waiting = queue.shift();
        if (waiting === undefined) idle.push(client);
        else waiting(client);
      };
      const make = (): Promise<VirtualClient> => {
        open += 1;
        return new Promise((resolve) => {
          world.after(0.2, program, 'connect', async () => {
            const client = new VirtualClient(await connections.take(), program, ask, free);
            client.on('error', () => {});
            clients.add(client);
            resolve(client);
          });
        });
      };
      const connect = (): Promise<VirtualClient> => {
        const client = idle.shift();
        if (client !== undefined) return Promise.resolve(client);
        if (open < most) return make();
        return new Promise((resolve) => queue.push(resolve));
      };
      return {
        url: '',
        connect: () => connect() as unknown as Promise<pg.PoolClient>,
        query: async <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => {
          const client = await connect();
          try {
            return (await client.query(text, values)) as pg.QueryResult<Row>;
          } finally {
            client.release();
          }
        },
        close: async () => {},
      };
    },
    bury: (program) => end([...clients].filter((client) => client.program === program)),
    close: () => end([...clients]),
    fail: (program, how) => void faults.set(program, how),
    heal: () => faults.clear(),
  };
}

function lost(): Error {
  return Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' });
}
