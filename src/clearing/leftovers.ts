import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { breakId, severityOf } from './codes.ts';
import { type Leftover, suggestionsFor } from './suggest.ts';

export interface LeftoverOrder {
  readonly run: string;
  readonly cycle: string;
  readonly version: number;
}

/** After all partitions: what only a look across deals can tell. Suspected duplicates first: what they explain is no leftover. */
export async function reviseLeftovers(database: Database, order: LeftoverOrder): Promise<void> {
  await transaction(database, async (connection) => {
    await markSuspectedDuplicates(connection, order);
    await suggest(connection, order);
  });
}

interface Lone {
  readonly breakId: string;
  readonly dealId: string;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly side: Exchange;
  readonly known: string;
}

/**
 * A row that nobody else knows, and that says of two exchanges, parties, price and day just what another row of the same
 * book says of a deal that others know: DUP~ of that book, not one book only.
 */
async function markSuspectedDuplicates(connection: Queryable, order: LeftoverOrder): Promise<void> {
  const { run } = order;
  for (const [lone, deals] of await knownTwins(connection, order)) {
    const { breakId: before, dealId, home, host, side } = lone;
    const after = breakId({ home, host, dealId, code: 'DUP~', side });
    const suggestions = deals.slice(0, 3).map((deal, at) => ({
      kind: 'DUP~',
      rank: at + 1,
      ambiguous: deals.length > 1,
      deals: [deal],
      reasons: [{ zh: '交易方、价款、日期与该成交相同', en: 'the parties, price and day of that deal' }],
    }));
    await connection.query(
      `update clearing_found set break_id = $3, code = 'DUP~', codes = '{DUP~}' || array_remove(codes, code), side = $4,
              severity = $5, blame = $4, suggestions = $6 where run = $1 and break_id = $2`,
      [run, before, after, side, severityOf('DUP~', { amountFen: 0n, isFinal: false }), JSON.stringify(suggestions)],
    );
  }
}

/** Each lone row with the deals of its own book that say the same and that the journal or the other book knows. */
async function knownTwins(
  connection: Queryable,
  { run, cycle, version }: LeftoverOrder,
): Promise<ReadonlyMap<Lone, readonly string[]>> {
  // Few lone rows against a whole book: one look through the book, never one for each of them.
  await connection.query('set local enable_nestloop = off');
  const { rows } = await connection.query<Lone & Record<string, unknown>>(
    `with lone as materialized (
       select break_id, deal_id, home, host, business_date, case code when 'P100' then home else host end as side,
              case code when 'P100' then seen -> 'a' else seen -> 'b' end as said
         from clearing_found where run = $1 and code in ('P100', 'P010') and outcome = 'break')
     select l.break_id as "breakId", l.deal_id as "dealId", l.home, l.host, l.side, k.deal_id as known
       from lone l join clearing_row k
         on k.price_fen = replace(l.said ->> 'price', '.', '')::bigint and k.buyer = l.said ->> 'buyer'
        and k.seller = l.said ->> 'seller' and k.side = l.side and k.home = l.home and k.host = l.host
      where k.deal_id <> l.deal_id and k.business_date = l.business_date
        and k.cycle = $2 and k.cycle_version = $3 and k.ordinal = 1
      order by l.break_id, k.deal_id`,
    [run, cycle, version],
  );
  await connection.query('set local enable_nestloop = on');
  const known = await connection.query<{ deal: string; side: string }>(
    `select deal_id as deal, side from clearing_row
      where deal_id = any($1) and cycle = $2 and cycle_version = $3 and ordinal = 1`,
    [rows.map((one) => one.known), cycle, version],
  );
  const sides = new Map<string, string[]>();
  for (const { deal, side } of known.rows) sides.set(deal, [...(sides.get(deal) ?? []), side]);
  const twins = new Map<Lone, string[]>();
  let last: Lone | undefined;
  for (const row of rows) {
    if (!sides.get(row.known)?.some((side) => side !== row.side)) continue;
    if (last?.breakId !== row.breakId) last = row;
    twins.set(last, [...(twins.get(last) ?? []), row.known]);
  }
  return twins;
}

/** Rows that stand alone, against deals that lack a row there. */
async function suggest(connection: Queryable, { run }: LeftoverOrder): Promise<void> {
  const { rows } = await connection.query<Leftover & Record<string, unknown>>(
    `select break_id as "breakId", deal_id as "dealId", code, home, host, business_date as "businessDate",
            coalesce(nullif((seen -> 'g')::text, 'null'), nullif((seen -> 'a')::text, 'null'), (seen -> 'b')::text)::json as said
       from clearing_found
      where run = $1 and outcome = 'break' and code in ('P100', 'P010', 'P101', 'P011') order by break_id limit $2`,
    [run, MOST_LEFTOVERS],
  );
  const found = suggestionsFor(rows);
  if (found.size === 0) return;
  await connection.query(
    `update clearing_found f set suggestions = s.suggestions
       from unnest($2::text[], $3::json[]) as s(break_id, suggestions) where f.run = $1 and f.break_id = s.break_id`,
    [run, [...found.keys()], [...found.values()].map((one) => JSON.stringify(one))],
  );
}

/** With more of them something else is wrong than numbers. */
const MOST_LEFTOVERS = 100_000;
