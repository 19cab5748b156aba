import { dropOldAnswers } from './answers.ts';
import type { Database, Queryable } from './database.ts';
import { dropOldOnce } from './inbox.ts';
import { migrationsIn } from './migrate.ts';

/** What is no longer needed after these moments. */
export interface Expiry {
  /** One-time values seen before it: their window has passed. */
  readonly once: Date;
  /** Answers given before it: their callers have long stopped asking. */
  readonly answers: Date;
}

/** Session messages an exchange may ask for again: so many of the last ones are kept for each. */
export const SENT_KEPT = 100_000;

/** Drops what nobody can ask for any more. The journal itself is never touched. */
export async function dropExpired(
  connection: Queryable,
  { once, answers }: Expiry,
  sentKept = SENT_KEPT,
): Promise<void> {
  await dropOldOnce(connection, once);
  await dropOldAnswers(connection, answers);
  // Numbers of one exchange only ever grow, also from session to session.
  await connection.query(
    `delete from link_sent s
      using (select exchange, max(seq) as last from link_sent group by exchange) newest
      where s.exchange = newest.exchange and s.seq <= newest.last - $1::bigint`,
    [sentKept],
  );
}

/** The migrations that this program has and the database has not, oldest first. */
export async function missingMigrations(database: Database): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>('select name from migrations');
  const applied = new Set(rows.map(({ name }) => name));
  return migrationsIn().filter((name) => !applied.has(name));
}
