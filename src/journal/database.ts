import pg from 'pg';
import { breakOnWarning, isLost, requireLasting } from './away.ts';
import { GatheringSocket } from './gathering-socket.ts';
import { asParameter } from './parameters.ts';

/** Anything a statement can be sent to: the pool, or the one connection of a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/** A pool of connections with our limits and our reading of types. */
export interface Database extends Queryable {
  readonly url: string;
  /** A connection of one's own, for LISTEN or a session lock; release it in `finally`. */
  connect(): Promise<pg.PoolClient>;
  close(): Promise<void>;
}

/** Milliseconds unless named otherwise; every one has a default, so that nothing waits for ever. */
export interface DatabaseLimits {
  /** Connections at most. */
  readonly max: number;
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** The role every connection works under (0003_log.sql); without it that of the login. */
  readonly role?: string;
  readonly log?: (line: string) => void;
}

const defaultLimits = { statementTimeoutMs: 30_000, lockTimeoutMs: 10_000, connectTimeoutMs: 10_000 };

const { INT8, DATE } = pg.types.builtins;

/** int8 arrives as bigint (fen, sequence numbers) and date as `YYYY-MM-DD`: a JavaScript Date would shift the business day by the machine's zone. */
const typesAsWeReadThem: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return BigInt;
    if (oid === DATE) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** Opens a pool. Nothing connects until the first statement; see {@link ping}. */
export function openDatabase(url: string, limits: DatabaseLimits): Database {
  const { statementTimeoutMs, lockTimeoutMs, connectTimeoutMs } = { ...defaultLimits, ...limits };
  const pool = new pg.Pool({
    connectionString: underOurSettings(url, limits.role),
    max: limits.max,
    application_name: 'qiao',
    keepAlive: true,
    // Statements that do not wait for each other are sent together (commit.ts); the order of the calls is kept.
    pipeline: true,
    stream: () => new GatheringSocket(),
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs * 2,
    // The server stops a statement at statement_timeout; this one is for a server that no longer answers at all.
    query_timeout: statementTimeoutMs + 5_000,
    types: typesAsWeReadThem,
    onConnect: requireLasting,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => limits.log?.(`database: an idle connection was lost: ${error.message}`));
  pool.on('connect', breakOnWarning);
  let closed: Promise<void> | undefined;
  return {
    url,
    query: (text, values) => pool.query(prepared(text, values)),
    connect: () => pool.connect(),
    close: () => {
      closed ??= pool.end();
      return closed;
    },
  };
}

/**
 * Settings of the session from its first moment, before those of login and database: no statement can run before the
 * role is taken, and no commit is answered before it is on disk, and on a synchronous standby's where there is one.
 */
export function underOurSettings(url: string, role?: string): string {
  const place = new URL(url);
  const own = place.searchParams.get('options');
  const ours = ['-c synchronous_commit=on', ...(role === undefined ? [] : [`-c role=${role}`])];
  place.searchParams.set('options', [...(own === null ? [] : [own]), ...ours].join(' '));
  return place.href;
}

const joined = new WeakMap<Database, Queryable>();

/**
 * The transaction under way as a database: whatever opens a transaction on it becomes a part of this one, undone alone
 * when it throws. For work that opens its own transactions but must stand or fall with something else.
 */
export function within(connection: Queryable): Database {
  const database: Database = {
    url: '',
    query: (text, values) => connection.query(text, values),
    connect: () => Promise.reject(new Error('assertion: a part of a transaction has no connection of its own')),
    close: () => Promise.resolve(),
  };
  joined.set(database, connection);
  return database;
}

async function partOf<Result>(
  connection: Queryable,
  work: (connection: Queryable) => Promise<Result>,
): Promise<Result> {
  await connection.query('SAVEPOINT part');
  try {
    const result = await work(connection);
    await connection.query('RELEASE SAVEPOINT part');
    return result;
  } catch (error) {
    await connection.query('ROLLBACK TO SAVEPOINT part').catch(() => {});
    throw error;
  }
}

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws (the error passes through).
 *
 * An error from COMMIT itself is ambiguous: the change may stand. Callers find out by their own unique key.
 */
export async function transaction<Result>(
  database: Database,
  work: (connection: Queryable) => Promise<Result>,
  isolation: Isolation = 'read committed',
): Promise<Result> {
  const whole = joined.get(database);
  if (whole !== undefined) return partOf(whole, work);
  const client = await database.connect();
  let lost: Error | undefined;
  // pg reports a dropped connection as an event, too; unheard, it would end the process.
  const onLost = (error: Error) => {
    lost = error;
  };
  client.on('error', onLost);
  const connection: Queryable = { query: (text, values) => client.query(prepared(text, values)) };
  try {
    // Sent ahead of the first statement, not waited for: if it fails, everything after it does.
    const begun = client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    const [result] = await Promise.all([work(connection), begun]);
    const ended = await client.query('COMMIT');
    // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which an error was swallowed.
    if (ended.command !== 'COMMIT') throw new Error('the transaction was rolled back: a statement in it had failed');
    if (lost !== undefined) throw lost;
    return result;
  } catch (error) {
    // A server that is gone or does not answer is not waited for a second time.
    if (isLost(error)) lost ??= error as Error;
    else {
      await client.query('ROLLBACK').catch((failure: Error) => {
        lost ??= failure;
      });
    }
    throw error;
  } finally {
    client.off('error', onLost);
    // A connection in doubt is not handed to the next caller.
    client.release(lost);
  }
}

const names = new Map<string, string>();
const MOST_NAMES = 500;

/**
 * Parameterised statements are prepared once for each connection: parsing and planning them anew would cost the
 * server more than running them. Their texts are constants of this program; a bound keeps it so.
 */
function prepared(text: string, values: readonly unknown[] | undefined): pg.QueryConfig {
  if (values === undefined) return { text };
  let name = names.get(text);
  if (name === undefined && names.size < MOST_NAMES) {
    name = `q${names.size}`;
    names.set(text, name);
  }
  return { ...(name === undefined ? {} : { name }), text, values: values.map(asParameter) };
}

/** Resolves when the database answers and can be written to; throws what went wrong otherwise. */
export async function ping(database: Database): Promise<void> {
  const { rows } = await database.query<{ transaction_read_only: string }>('SHOW transaction_read_only');
  if (rows[0]?.transaction_read_only !== 'off') throw new Error('the database is read-only');
}
