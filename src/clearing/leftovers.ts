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
}

/** What such a row says; the price in fen. */
interface Said {
  readonly price: string;
  readonly buyer: string;
  readonly seller: string;
  readonly date: string;
}
const columns = ['dealId', 'side', 'home', 'host', 'price', 'buyer', 'seller', 'date'] as const;

/**
 * A row that nobody else knows, and that says of two exchanges, parties, price and day just what another row of the same
 * book says of a deal that others know: DUP~ of that book, not one book only.
 */
async function markSuspectedDuplicates(connection: Queryable, order: LeftoverOrder): Promise<void> {
  const { run } = order;
  const marked = [...(await knownTwins(connection, order))].map(([lone, deals]) => ({
    before: lone.breakId,
    after: breakId({ home: lone.home, host: lone.host, dealId: lone.dealId, code: 'DUP~', side: lone.side }),
    side: lone.side,
    suggestions: JSON.stringify(deals.slice(0, 3).map((deal, at) => twinOf(deal, at, deals.length > 1))),
  }));
  if (marked.length === 0) return;
  await connection.query(
    `update clearing_found f set break_id = m.after, code = 'DUP~', codes = '{DUP~}' || array_remove(codes, code),
            side = m.side, severity = $2, blame = m.side, suggestions = m.suggestions
       from unnest($3::text[], $4::text[], $5::text[], $6::json[]) as m(before, after, side, suggestions)
      where f.run = $1 and f.break_id = m.before`,
    [
      run,
      severityOf('DUP~', { amountFen: 0n, isFinal: false }),
      ...(['before', 'after', 'side', 'suggestions'] as const).map((name) => marked.map((one) => one[name])),
    ],
  );
}

function twinOf(deal: string, at: number, ambiguous: boolean) {
  const reasons = [{ zh: '交易方、价款、日期与该成交相同', en: 'the parties, price and day of that deal' }];
  return { kind: 'DUP~', rank: at + 1, ambiguous, deals: [deal], reasons };
}

/** Each lone row with the deals of its own book that say the same and that the journal or the other book knows. */
async function knownTwins(
  connection: Queryable,
  { run, cycle, version }: LeftoverOrder,
): Promise<ReadonlyMap<Lone, readonly string[]>> {
  const { rows: lone } = await connection.query<Lone & Said & Record<string, unknown>>(
    `select break_id as "breakId", deal_id as "dealId", home, host, side_of as side, business_date as date,
            replace(said ->> 'price', '.', '') as price, said ->> 'buyer' as buyer, said ->> 'seller' as seller
       from (select *, case code when 'P100' then home else host end as side_of,
                    case code when 'P100' then seen -> 'a' else seen -> 'b' end as said
               from clearing_found where run = $1 and code in ('P100', 'P010') and outcome = 'break') f
      order by break_id`,
    [run],
  );
  if (lone.length === 0) return new Map();
  // Few lone rows against a whole book: one look through the book, never one for each of them. They are handed in, not
  // joined from their table, so that the server may look with several processes.
  await connection.query('set local enable_nestloop = off');
  const { rows } = await connection.query<{ at: bigint; known: string }>(
    `select l.at, k.deal_id as known
       from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::date[])
            with ordinality as l(deal_id, side, home, host, price_fen, buyer, seller, business_date, at)
       join clearing_row k
         on k.price_fen = l.price_fen and k.buyer = l.buyer
        and k.seller = l.seller and k.side = l.side and k.home = l.home and k.host = l.host
      where k.deal_id <> l.deal_id and k.business_date = l.business_date
        and k.cycle = $1 and k.cycle_version = $2 and k.ordinal = 1
      order by l.at, k.deal_id`,
    [cycle, version, ...columns.map((name) => lone.map((one) => one[name]))],
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
  for (const row of rows) {
    const one = lone[Number(row.at) - 1]!;
    if (!sides.get(row.known)?.some((side) => side !== one.side)) continue;
    twins.set(one, [...(twins.get(one) ?? []), row.known]);
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
