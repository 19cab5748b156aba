import type { Queryable } from './database.ts';

/** What becomes of commits beyond the server that answers them. */
export interface Replication {
  /** Servers that follow this one now. */
  readonly followers: number;
  /** A commit is answered when a follower has it, too (`synchronous_standby_names`). */
  readonly isSynchronous: boolean;
}

/** Needs no rights: who may not see a follower's state still sees that there is one. */
export async function replicationOf(connection: Queryable): Promise<Replication> {
  const { rows } = await connection.query<{ followers: number; is_synchronous: boolean }>(
    `select (select count(*)::int from pg_stat_replication) as followers,
            current_setting('synchronous_standby_names') <> '' as is_synchronous`,
  );
  const { followers, is_synchronous } = rows[0]!;
  return { followers, isSynchronous: is_synchronous };
}
