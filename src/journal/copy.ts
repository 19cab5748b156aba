import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { breakOnWarning, requireLasting } from './away.ts';
import { type Queryable, underOurSettings } from './database.ts';

/** A COPY under way: nothing else can be asked of its connection before `end`. */
export interface CopyIn {
  /** Takes a piece in COPY's text form, in pieces of any size; waits while the server lags behind. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves with the rows taken. */
  end(): Promise<number>;
}

export interface CopyConnection extends Queryable {
  /** `COPY … FROM STDIN`. */
  copyIn(statement: string): CopyIn;
}

export interface CopyLimits {
  readonly timeoutMs: number;
  readonly lockTimeoutMs: number;
  /** The role to work under; absent: that of the login. */
  readonly role?: string;
}

/**
 * One transaction on a connection of its own: COPY cannot share a pipelined one (database.ts). Committed when `work`
 * returns, rolled back when it throws, which passes through. int8 arrives here as text.
 */
export async function copyTransaction<Result>(
  url: string,
  limits: CopyLimits,
  work: (connection: CopyConnection) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: underOurSettings(url, limits.role),
    application_name: 'qiao load',
    connectionTimeoutMillis: 10_000,
    statement_timeout: limits.timeoutMs,
    lock_timeout: limits.lockTimeoutMs,
    idle_in_transaction_session_timeout: limits.timeoutMs,
  });
  let lost: Error | undefined;
  // Heard again by whoever waits; unheard, it would end the process.
  client.on('error', (error) => {
    lost = error;
  });
  breakOnWarning(client);
  await client.connect();
  try {
    await requireLasting(client);
    await client.query('BEGIN');
    const result = await work({
      query: (text, values) => client.query(text, values as unknown[]),
      copyIn: (statement) => copyInto(client, statement),
    });
    await client.query('COMMIT');
    if (lost !== undefined) throw lost;
    return result;
  } finally {
    // Ending the connection rolls back whatever was not committed.
    await client.end();
  }
}

function copyInto(client: pg.Client, statement: string): CopyIn {
  const stream = client.query(copyStreams.from(statement, { highWaterMark: 1_048_576 }));
  const done = finished(stream);
  // It may fail while nobody waits for it yet; whoever writes next or ends hears of it.
  let failure: unknown;
  done.catch((error: unknown) => {
    failure = error;
  });
  return {
    async write(bytes) {
      if (failure !== undefined) throw failure;
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), done]);
    },
    async end() {
      stream.end();
      await done;
      return stream.rowCount;
    },
  };
}
