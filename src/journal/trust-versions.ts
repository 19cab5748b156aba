import type { Queryable } from './database.ts';

/** One version of the trust list, as signed. */
export interface TrustVersion {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** The newest version journaled; undefined when there is none. */
export async function lastTrustVersion(connection: Queryable): Promise<number | undefined> {
  const { rows } = await connection.query<{ version: number }>(
    'select version from trust_version order by version desc limit 1',
  );
  return rows[0]?.version;
}

/** Versions from this one on, oldest first. */
export async function trustVersions(
  connection: Queryable,
  from: number,
  limit = 1_000,
): Promise<readonly TrustVersion[]> {
  const { rows } = await connection.query<TrustVersion & Record<string, unknown>>(
    'select version, bytes from trust_version where version >= $1 order by version limit $2',
    [from, limit],
  );
  return rows;
}

/** Appends a version; false when that version is there already (with whatever bytes: look at them). */
export async function recordTrustVersion(
  connection: Queryable,
  { version, bytes }: TrustVersion,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    'insert into trust_version (version, bytes, recorded_at) values ($1, $2, $3) on conflict (version) do nothing',
    [version, bytes, at],
  );
  return rowCount === 1;
}
