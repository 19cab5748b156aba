import type { Exchange } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { insertRows } from '../journal/rows.ts';
import type { Side } from './row.ts';
import type { StandingDifference } from './standing-difference.ts';
import type { StandingRow } from './standing-row.ts';

/** What one look at a pair found. */
export interface Look {
  readonly one: Exchange;
  readonly other: Side;
  /** `silent`: a side did not answer, and what was found before stands. */
  readonly outcome: 'equal' | 'different' | 'silent';
  readonly open: number;
  readonly inFlight: number;
  readonly tolerated: number;
  /** Differing rows nobody was asked for: too many. */
  readonly unread: number;
  readonly cells: number | null;
  readonly bytes: number;
}

export interface Looked {
  readonly one: Exchange;
  readonly other: Side;
  readonly since: string;
  readonly leaf: bigint;
  readonly oneRows: number;
  readonly otherRows: number;
  readonly cells: number | null;
  readonly bytes: number;
  readonly unread: number;
  readonly atMs: number;
}

/** Writes down what a look found in place of what the one before found; who has differed before keeps the time since when. */
export async function keepLook(
  database: Database,
  looked: Looked,
  differences: readonly StandingDifference[],
  patienceMs: number,
): Promise<Look> {
  return transaction(database, async (connection) => {
    const { one, other, atMs, unread, cells, bytes } = looked;
    // Two gateways may look at one pair at once: the second writes over what the first has written.
    await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`standing/${one}/${other}`]);
    const firstSeen = await seenBefore(connection, one, other);
    const rows = differences.map((difference) => {
      const sinceMs = firstSeen.get(keyOf(difference.dealId, difference.ordinal, difference.digest)) ?? atMs;
      const isOnItsWay = difference.isInFlight || atMs - sinceMs < patienceMs;
      const outcome = isOnItsWay ? 'in-flight' : difference.isTolerated ? 'tolerated' : 'open';
      return { difference, outcome, sinceMs } as const;
    });
    await connection.query('delete from clearing_standing_difference where one = $1 and other = $2', [one, other]);
    await insertRows(
      connection,
      'clearing_standing_difference',
      COLUMNS,
      rows.map(({ difference, outcome, sinceMs }) => ({
        one,
        other,
        deal_id: difference.dealId,
        ordinal: difference.ordinal,
        home: difference.home,
        host: difference.host,
        outcome,
        code: difference.code,
        codes: difference.codes,
        delta_fen: difference.deltaFen,
        fields: JSON.stringify(difference.fields),
        one_row: shown(difference.one),
        other_row: shown(difference.other),
        digest: difference.digest,
        first_seen: new Date(sinceMs),
        last_seen: new Date(atMs),
      })),
    );
    const count = (outcome: (typeof rows)[number]['outcome']) => rows.filter((row) => row.outcome === outcome).length;
    const [open, inFlight, tolerated] = [count('open'), count('in-flight'), count('tolerated')];
    const outcome = open + unread === 0 ? 'equal' : 'different';
    const look: Look = { one, other, outcome, open, inFlight, tolerated, unread, cells, bytes };
    await connection.query(
      `insert into clearing_standing_look as before (one, other, outcome, since, leaf, one_rows, other_rows, cells, bytes,
         open, in_flight, tolerated, unread, fault, looked_at, agreed_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null, to_timestamp($14 / 1000.0),
         case $3 when 'equal' then to_timestamp($14 / 1000.0) end)
       on conflict (one, other) do update set outcome = excluded.outcome, since = excluded.since, leaf = excluded.leaf,
         one_rows = excluded.one_rows, other_rows = excluded.other_rows, cells = excluded.cells, bytes = excluded.bytes,
         open = excluded.open, in_flight = excluded.in_flight, tolerated = excluded.tolerated, unread = excluded.unread,
         fault = null, looked_at = excluded.looked_at, agreed_at = coalesce(excluded.agreed_at, before.agreed_at)`,
      [
        one,
        other,
        outcome,
        looked.since,
        looked.leaf,
        looked.oneRows,
        looked.otherRows,
        cells,
        bytes,
        open,
        inFlight,
        tolerated,
        unread,
        atMs,
      ],
    );
    return look;
  });
}

/** A side did not answer: what was found before stands, with the time it was found, and the reason is kept. */
export async function keepSilence(
  database: Database,
  silence: Pick<Looked, 'one' | 'other' | 'since' | 'leaf' | 'atMs'> & { readonly fault: string },
): Promise<Look> {
  const { one, other, since, leaf, atMs, fault } = silence;
  await database.query(
    `insert into clearing_standing_look (one, other, outcome, since, leaf, bytes, open, in_flight, tolerated, unread,
       fault, looked_at)
     values ($1, $2, 'silent', $3, $4, 0, 0, 0, 0, 0, $5, to_timestamp($6 / 1000.0))
     on conflict (one, other) do update set outcome = 'silent', fault = excluded.fault, looked_at = excluded.looked_at`,
    [one, other, since, leaf, fault.slice(0, FAULT_CHARACTERS), atMs],
  );
  return { one, other, outcome: 'silent', open: 0, inFlight: 0, tolerated: 0, unread: 0, cells: null, bytes: 0 };
}

const FAULT_CHARACTERS = 300;

const COLUMNS = {
  one: 'text',
  other: 'text',
  deal_id: 'text',
  ordinal: 'int',
  home: 'text',
  host: 'text',
  outcome: 'text',
  code: 'text',
  codes: 'text[]',
  delta_fen: 'bigint',
  fields: 'json',
  one_row: 'json',
  other_row: 'json',
  digest: 'bytea',
  first_seen: 'timestamptz',
  last_seen: 'timestamptz',
};

async function seenBefore(connection: Queryable, one: Exchange, other: Side): Promise<ReadonlyMap<string, number>> {
  const { rows } = await connection.query<{ id: string; ordinal: number; digest: Buffer; at: Date }>(
    `select deal_id as id, ordinal, digest, first_seen as at from clearing_standing_difference
      where one = $1 and other = $2 for update`,
    [one, other],
  );
  return new Map(rows.map(({ id, ordinal, digest, at }) => [keyOf(id, ordinal, digest), at.getTime()]));
}

const keyOf = (dealId: string, ordinal: number, digest: Buffer) => `${dealId}\n${ordinal}\n${digest.toString('hex')}`;

/** As people read it: amounts in yuan. */
function shown(row: StandingRow | undefined): string | null {
  if (row === undefined) return null;
  const { state, buyer, seller, priceFen, feeFen, businessDate } = row;
  const price = formatFen(priceFen, 'yuan');
  const fee = feeFen === null ? null : formatFen(feeFen, 'yuan');
  return JSON.stringify({ state, buyer, seller, price, fee, businessDate });
}
