import type { Queryable } from './database.ts';

/** An account as it is kept; of its password only whether there is one is ever read for showing. */
export interface AccountRow {
  readonly name: string;
  readonly role: string;
  readonly exchange: string | null;
  readonly disabled: boolean;
  readonly createdAt: Date;
}

const SHOWN = 'name, role, exchange, disabled, created_at as "createdAt"';

export async function listAccounts(connection: Queryable): Promise<readonly AccountRow[]> {
  const { rows } = await connection.query<AccountRow & Record<string, unknown>>(
    `select ${SHOWN} from account order by name limit 10000`,
  );
  return rows;
}

export async function isAnyAccount(connection: Queryable): Promise<boolean> {
  const { rows } = await connection.query<{ any: boolean }>('select exists (select from account) as any');
  return rows[0]!.any;
}

export async function readAccount(connection: Queryable, name: string): Promise<AccountRow | undefined> {
  const { rows } = await connection.query<AccountRow & Record<string, unknown>>(
    `select ${SHOWN} from account where name = $1`,
    [name],
  );
  return rows[0];
}

/** False: the name is taken. */
export async function insertAccount(
  connection: Queryable,
  account: { readonly name: string; readonly role: string; readonly exchange: string | null },
  password: string | null,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into account (name, role, exchange, password, created_at) values ($1, $2, $3, $4, $5)
     on conflict (name) do nothing`,
    [account.name, account.role, account.exchange, password, at],
  );
  return rowCount === 1;
}

/** The account of somebody whom the OpenID provider vouches for, with the role it gives today; its `disabled` stays. */
export async function upsertSubject(
  connection: Queryable,
  account: { readonly name: string; readonly role: string; readonly exchange: string | null; readonly subject: string },
  at: Date,
): Promise<AccountRow> {
  const { rows } = await connection.query<AccountRow & Record<string, unknown>>(
    `insert into account (name, role, exchange, subject, created_at) values ($1, $2, $3, $4, $5)
     on conflict (subject) do update set role = excluded.role, exchange = excluded.exchange returning ${SHOWN}`,
    [account.name, account.role, account.exchange, account.subject, at],
  );
  return rows[0]!;
}

export async function setDisabled(connection: Queryable, name: string, disabled: boolean): Promise<boolean> {
  const { rowCount } = await connection.query('update account set disabled = $2 where name = $1', [name, disabled]);
  return rowCount === 1;
}

export async function setPassword(connection: Queryable, name: string, password: string): Promise<boolean> {
  const { rowCount } = await connection.query('update account set password = $2 where name = $1', [name, password]);
  return rowCount === 1;
}

/** What opens the account; null where nothing does: no such account, no password, disabled. */
export async function readPassword(connection: Queryable, name: string): Promise<string | null> {
  const { rows } = await connection.query<{ password: string | null }>(
    'select password from account where name = $1 and not disabled',
    [name],
  );
  return rows[0]?.password ?? null;
}

/** Waits between tries after the first `free` failures: `baseMs` doubling up to `capMs`. */
export interface Backoff {
  readonly free: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Takes one try for a name and counts it as failed before it is made: tries side by side count each. Undefined: it may
 * be made, else the time before which it may not.
 */
export async function takeTry(
  connection: Queryable,
  name: string,
  { free, baseMs, capMs }: Backoff,
  at: Date,
): Promise<Date | undefined> {
  const { rowCount } = await connection.query(
    `insert into login_failure as f (name, failures, open_at, last_at) values ($1, 1, $2, $2)
     on conflict (name) do update set failures = least(f.failures + 1, 1000), last_at = $2,
       open_at = $2::timestamptz + case when f.failures + 1 < $3 then interval '0'
         else least($4::float8 * 2 ^ least(f.failures + 1 - $3, 40), $5::float8) * interval '1 millisecond' end
     where f.open_at <= $2`,
    [name, at, free, baseMs, capMs],
  );
  if (rowCount === 1) return undefined;
  const { rows } = await connection.query<{ open_at: Date }>('select open_at from login_failure where name = $1', [
    name,
  ]);
  return rows[0]?.open_at ?? at;
}

/** The password was right, or a new one was set: tries begin anew. Gives how many failed before, itself included. */
export async function forgiveTries(connection: Queryable, name: string): Promise<number> {
  const { rows } = await connection.query<{ failures: number }>(
    'delete from login_failure where name = $1 returning failures',
    [name],
  );
  return rows[0]?.failures ?? 0;
}

/** Failures not yet in the audit trail, which from now on count as noted. `known`: there is such an account. */
export async function failuresToNote(
  connection: Queryable,
): Promise<readonly { readonly name: string; readonly count: number; readonly known: boolean }[]> {
  const { rows } = await connection.query<{ name: string; count: number; known: boolean }>(
    `with due as (
       select name, failures, noted from login_failure where failures > noted order by name limit 1000
          for update skip locked
     )
     update login_failure f set noted = due.failures from due where f.name = due.name
     returning f.name, due.failures - due.noted as count, exists (select from account a where a.name = f.name) as known`,
  );
  return rows;
}

export async function dropOldTries(connection: Queryable, before: Date): Promise<void> {
  await connection.query('delete from login_failure where last_at < $1 and open_at < $1', [before]);
}
