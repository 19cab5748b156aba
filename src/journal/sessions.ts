import type { Queryable } from './database.ts';

/** Whose token this is. */
export interface Holder {
  readonly name: string;
  readonly role: string;
  readonly exchange: string | null;
}

export interface SessionRow {
  readonly digest: Uint8Array;
  readonly account: string;
  readonly at: Date;
  readonly endsAt: Date;
}

export async function insertSession(connection: Queryable, row: SessionRow): Promise<void> {
  await connection.query(
    'insert into session (digest, account, opened_at, seen_at, ends_at) values ($1, $2, $3, $3, $4)',
    [Buffer.from(row.digest), row.account, row.at, row.endsAt],
  );
}

/**
 * Whose session it is, if it has not ended and was seen after `idleSince`. Being seen is written down only when the
 * last note of it is older than `noteBefore`: not every read should cost a write.
 */
export async function holderOfSession(
  connection: Queryable,
  digest: Uint8Array,
  times: { readonly at: Date; readonly idleSince: Date; readonly noteBefore: Date },
): Promise<Holder | undefined> {
  const { rows } = await connection.query<Holder & { seen_at: Date }>(
    `select a.name, a.role, a.exchange, s.seen_at from session s join account a on a.name = s.account
      where s.digest = $1 and s.ends_at > $2 and s.seen_at > $3 and not a.disabled`,
    [Buffer.from(digest), times.at, times.idleSince],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.seen_at < times.noteBefore) {
    await connection.query('update session set seen_at = greatest(seen_at, $2) where digest = $1', [
      Buffer.from(digest),
      times.at,
    ]);
  }
  const { name, role, exchange } = row;
  return { name, role, exchange };
}

export async function endSession(connection: Queryable, digest: Uint8Array): Promise<boolean> {
  const { rowCount } = await connection.query('delete from session where digest = $1', [Buffer.from(digest)]);
  return rowCount === 1;
}

/** Ends all sessions of an account but, where given, one. */
export async function endSessionsOf(connection: Queryable, account: string, except?: Uint8Array): Promise<void> {
  await connection.query('delete from session where account = $1 and ($2::bytea is null or digest <> $2)', [
    account,
    except === undefined ? null : Buffer.from(except),
  ]);
}

export async function dropEndedSessions(connection: Queryable, before: Date): Promise<void> {
  await connection.query('delete from session where ends_at < $1', [before]);
}

/** A long-lived token of a program, without the token. */
export interface KeyRow {
  readonly id: string;
  readonly account: string;
  readonly label: string;
  readonly madeBy: string;
  readonly madeAt: Date;
  readonly endsAt: Date;
  readonly revokedAt: Date | null;
}

const KEY = `id, account, label, made_by as "madeBy", made_at as "madeAt", ends_at as "endsAt", revoked_at as "revokedAt"`;

export async function insertKey(
  connection: Queryable,
  key: Omit<KeyRow, 'revokedAt'> & { readonly digest: Uint8Array },
): Promise<void> {
  await connection.query(
    `insert into api_key (id, digest, account, label, made_by, made_at, ends_at) values ($1, $2, $3, $4, $5, $6, $7)`,
    [key.id, Buffer.from(key.digest), key.account, key.label, key.madeBy, key.madeAt, key.endsAt],
  );
}

export async function holderOfKey(connection: Queryable, digest: Uint8Array, at: Date): Promise<Holder | undefined> {
  const { rows } = await connection.query<Holder & Record<string, unknown>>(
    `select a.name, a.role, a.exchange from api_key k join account a on a.name = k.account
      where k.digest = $1 and k.ends_at > $2 and k.revoked_at is null and not a.disabled`,
    [Buffer.from(digest), at],
  );
  return rows[0];
}

export async function listKeys(connection: Queryable): Promise<readonly KeyRow[]> {
  const { rows } = await connection.query<KeyRow & Record<string, unknown>>(
    `select ${KEY} from api_key order by made_at, id limit 10000`,
  );
  return rows;
}

/** The account whose key it was; undefined: no such key, or revoked before. */
export async function revokeKey(connection: Queryable, id: string, at: Date): Promise<string | undefined> {
  const { rows } = await connection.query<{ account: string }>(
    'update api_key set revoked_at = $2 where id = $1 and revoked_at is null returning account',
    [id, at],
  );
  return rows[0]?.account;
}
