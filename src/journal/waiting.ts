import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from './database.ts';

/** A listing that a host does not show because its rules said no, or not yet. */
export interface WaitingListing {
  readonly no: bigint;
  readonly listing: string;
  readonly host: Exchange;
  /** The message with the content that was decided on. */
  readonly message: string;
  /** The decision as it was kept. */
  readonly body: unknown;
}

/**
 * Current `hold` and `refuse` decisions on published listings, after decision `after`, oldest first.
 * `due`: only those whose recheck date has come; absent: all (a rulebook has changed).
 */
export async function waitingListings(
  connection: Queryable,
  after: bigint,
  limit: number,
  due?: string,
): Promise<readonly WaitingListing[]> {
  const { rows } = await connection.query<Record<string, never>>(
    `select d.no, d.listing, d.host, d.message, d.body
       from decision d join listing l on l.id = d.listing
      where d.current and d.verdict in ('hold', 'refuse') and d.no > $1
        and l.status = 'published' and l.message = d.message and ($3::date is null or d.recheck_on <= $3::date)
      order by d.no limit $2`,
    [after, limit, due ?? null],
  );
  return rows as unknown as readonly WaitingListing[];
}

/** Suspended listings were passed over: whatever was not shown is looked at again once they are published. */
export async function recheckSuspended(connection: Queryable, on: string): Promise<void> {
  await connection.query(
    `update decision set recheck_on = least(recheck_on, $1::date) from listing l
      where decision.current and decision.verdict in ('hold', 'refuse')
        and l.id = decision.listing and l.status = 'suspended'`,
    [on],
  );
}

/** Which of these decisions still stand. Meaningful once their listings are locked. */
export async function stillCurrent(connection: Queryable, nos: readonly bigint[]): Promise<ReadonlySet<bigint>> {
  const { rows } = await connection.query<{ no: bigint }>('select no from decision where no = any($1) and current', [
    nos,
  ]);
  return new Set(rows.map(({ no }) => no));
}

/** Moves the recheck of current decisions that came out the same to a later day. */
export async function postponeRecheck(
  connection: Queryable,
  nos: readonly bigint[],
  on: readonly (string | null)[],
): Promise<void> {
  if (nos.length === 0) return;
  await connection.query(
    `update decision set recheck_on = t.recheck_on from unnest($1::bigint[], $2::date[]) as t(no, recheck_on)
      where decision.no = t.no`,
    [nos, on],
  );
}

/** When each asset last changed hands (date of the deal at home). */
export async function lastSales(
  connection: Queryable,
  assets: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (assets.length === 0) return new Map();
  const { rows } = await connection.query<{ asset: string; sold_on: string }>(
    'select asset, sold_on from sale where asset = any($1)',
    [assets],
  );
  return new Map(rows.map(({ asset, sold_on }) => [asset, sold_on]));
}
