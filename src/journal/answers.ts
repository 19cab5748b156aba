import type { Queryable } from './database.ts';

/** An answer given to a POST, kept so that the same request gets it again and has no second effect. */
export interface KeptAnswer {
  readonly digest: Buffer;
  readonly status: number;
  readonly body: string;
}

/**
 * Takes (caller, key) for this transaction; false when another request with it is under way right now.
 * Nothing stays behind when that transaction ends without an answer.
 */
export async function takeKey(connection: Queryable, caller: string, key: string): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(
    'select pg_try_advisory_xact_lock(hashtextextended($1, 20260303)) as taken',
    [`${caller}\n${key}`],
  );
  return rows[0]!.taken;
}

/**
 * The answer given before. After a crash a server may hold what its standby never got, and reading waits for nobody:
 * the row's lock is a write, so that the answer goes out only once the standby has all that was written before it.
 */
export async function keptAnswer(connection: Queryable, caller: string, key: string): Promise<KeptAnswer | undefined> {
  const { rows } = await connection.query<{ digest: Buffer; status: number; body: string }>(
    'select digest, status, body from idempotency where caller = $1 and key = $2 and status is not null for share',
    [caller, key],
  );
  return rows[0];
}

export async function keepAnswer(
  connection: Queryable,
  caller: string,
  key: string,
  answer: KeptAnswer,
  at: Date,
): Promise<void> {
  await connection.query(
    'insert into idempotency (caller, key, digest, status, body, created_at) values ($1, $2, $3, $4, $5, $6)',
    [caller, key, answer.digest, answer.status, answer.body, at],
  );
}

/** Answers are kept at least 72 hours; the gateway's housekeeping calls this now and then. */
export async function dropOldAnswers(connection: Queryable, before: Date): Promise<void> {
  await connection.query('delete from idempotency where created_at < $1', [before]);
}
