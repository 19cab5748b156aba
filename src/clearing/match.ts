import { furtherIn } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import type { SeenDeal, SeenInBook, SeenInJournal, SeenRow } from './seen.ts';

/** Of `clearing_row`, 0010_clearing_books.sql. */
export const PARTITIONS = 16;
const PAGE = 2000;

export interface MatchOrder {
  readonly cycle: string;
  readonly version: number;
  readonly partition: number;
}

/** The deals of one pair on which all three agree, counted in the database. Plain JSON. */
export interface Equal {
  readonly home: Exchange;
  readonly host: Exchange;
  readonly deals: number;
  readonly priceFen: string;
  /** XOR of 64-bit digests of their rows, signed; with the count it tells that nothing was swapped. */
  readonly digest: string;
}

/**
 * Joins the three books of one partition, in a transaction of the caller. What is equal on all sides stays in the database;
 * every other deal is handed to `take`, page by page.
 */
export async function matchPartition(
  connection: Queryable,
  order: MatchOrder,
  take: (deals: readonly SeenDeal[]) => Promise<void>,
): Promise<readonly Equal[]> {
  // The join is certain to be large: compiling it costs more than it saves, and it is to stay in memory.
  await connection.query("set local jit = off; set local work_mem = '64MB'");
  const values = [order.cycle, order.version];
  const { rows } = await connection.query<Equal & { readonly unequal: readonly string[] | null }>(
    surveyOf(order.partition),
    values,
  );
  const unequal = [...new Set(rows.flatMap(({ unequal }) => unequal ?? []))].sort();
  const wide = unequalOf(order.partition);
  for (let at = 0; at < unequal.length; at += PAGE) {
    const page = await connection.query<Joined>(wide, [...values, unequal.slice(at, at + PAGE)]);
    await take(page.rows.map(seenIn));
  }
  return rows.filter(({ deals }) => deals > 0).map(({ unequal: _, ...equal }) => equal);
}

const COMMON = ['home', 'host', 'state', 'buyer', 'seller', 'listing', 'line', 'further'] as const;
const columnsOf = (of: 'a' | 'b' | 'g') =>
  `${COMMON.map((name) => `${of}.${name} as ${of}_${name}`).join(', ')}, ${of}.native_number as ${of}_number,
   ${of}.price_fen as ${of}_price, ${of}.fee_fen as ${of}_fee, ${of}.business_date as ${of}_date`;
const equalTo = (of: 'a' | 'b', fee: 'home' | 'host') =>
  `${of}.state = g.state and ${of}.buyer = g.buyer and ${of}.seller = g.seller and ${of}.price_fen = g.price_fen
   and ${of}.fee_fen = g.${fee}_fee_fen and ${of}.business_date = g.business_date and ${of}.home = g.home
   and ${of}.host = g.host and (${of}.listing is null or ${of}.listing = g.listing) and ${of}_again.lines is null
   and ${of}.further is null`;

/** All deals in one pass, which carries no more of each than must be compared: sums of the equal, ids of the others. */
function surveyOf(partition: number): string {
  return `${againIn(partition, '')}
    select home, host, count(*) filter (where is_equal)::int as deals,
           sum(price_fen) filter (where is_equal)::text as "priceFen",
           bit_xor(digest) filter (where is_equal)::text as digest,
           array_agg(deal_id) filter (where not is_equal) as unequal
      from (select coalesce(g.deal_id, a.deal_id, b.deal_id) as deal_id, g.home, g.host, g.price_fen, ${IS_EQUAL} as is_equal,
                   hashtextextended(concat_ws('|', g.deal_id, g.state, g.buyer, g.seller, g.price_fen, g.home_fee_fen,
                     g.host_fee_fen, g.business_date, a.native_number, b.native_number), 0) as digest
              ${joinedIn(partition, '')} offset 0) deal
     group by home, host order by home, host`;
}

/** All that the books say of the deals with the ids $3. */
function unequalOf(partition: number): string {
  const only = 'and deal_id = any($3)';
  return `${againIn(partition, only)}
    select coalesce(g.deal_id, a.deal_id, b.deal_id) as deal_id, ${columnsOf('a')}, a_again.lines as a_again,
           ${columnsOf('g')}, g.home_fee_fen as g_home_fee, g.host_fee_fen as g_host_fee, g.in_flight as g_in_flight,
           ${columnsOf('b')}, b_again.lines as b_again
      ${joinedIn(partition, only)} where not ${IS_EQUAL} order by 1, b.side`;
}

const IS_EQUAL = `coalesce(${equalTo('a', 'home')} and ${equalTo('b', 'host')}, false)`;

const rowsIn = (partition: number, only: string) => (which: string) =>
  `(select * from clearing_row_${partition} where cycle = $1 and cycle_version = $2 ${only} and ${which})`;

function againIn(partition: number, only: string): string {
  const rows = rowsIn(partition, only);
  return `with again as materialized (
    select deal_id, side, json_agg(json_build_array(line, price_fen::text) order by ordinal) as lines
      from ${rows('ordinal > 1')} r group by deal_id, side)`;
}

/**
 * A row a deal. The host is who the journal, or without it the home's book, says: what a third exchange claims of the same
 * deal stands as a deal of its own.
 */
function joinedIn(partition: number, only: string): string {
  const rows = rowsIn(partition, only);
  return `from ${rows(`side = 'journal' and ordinal = 1`)} g
      full join ${rows(`role = 'home' and ordinal = 1`)} a on a.deal_id = g.deal_id
      full join ${rows(`role = 'host' and ordinal = 1`)} b
        on b.deal_id = coalesce(g.deal_id, a.deal_id) and b.side = coalesce(g.host, a.host)
      left join again a_again on a_again.deal_id = a.deal_id and a_again.side = a.side
      left join again b_again on b_again.deal_id = b.deal_id and b_again.side = b.side`;
}

type Joined = Readonly<Record<string, unknown>>;

function seenIn(row: Joined): SeenDeal {
  const inBook = (of: 'a' | 'b'): SeenInBook | undefined => {
    const again = (row[`${of}_again`] ?? []) as readonly (readonly [number, string])[];
    return row[`${of}_home`] === null
      ? undefined
      : { ...rowIn(row, of), again: again.map(([line, price]) => ({ line, priceFen: BigInt(price) })) };
  };
  const journal: SeenInJournal | undefined =
    row.g_home === null
      ? undefined
      : {
          ...rowIn(row, 'g'),
          homeFeeFen: BigInt(row.g_home_fee as bigint),
          hostFeeFen: BigInt(row.g_host_fee as bigint),
          inFlight: row.g_in_flight as boolean,
        };
  return { dealId: row.deal_id as string, a: inBook('a'), g: journal, b: inBook('b') };
}

function rowIn(row: Joined, of: 'a' | 'b' | 'g'): SeenRow {
  const listing = row[`${of}_listing`] as string | null;
  const further = row[`${of}_further`] as Parameters<typeof furtherIn>[0] | null;
  return {
    home: row[`${of}_home`] as Exchange,
    host: row[`${of}_host`] as Exchange,
    state: row[`${of}_state`] as SeenRow['state'],
    buyer: row[`${of}_buyer`] as string,
    seller: row[`${of}_seller`] as string,
    priceFen: row[`${of}_price`] as bigint,
    feeFen: row[`${of}_fee`] as bigint,
    businessDate: row[`${of}_date`] as string,
    nativeNumber: row[`${of}_number`] as string,
    line: row[`${of}_line`] as number,
    ...(listing === null ? {} : { listing }),
    ...(further === null ? {} : { further: furtherIn(further) }),
  };
}
