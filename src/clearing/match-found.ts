import { createHash } from 'node:crypto';
import { formatFen } from '../contract/money.ts';
import type { Queryable } from '../journal/database.ts';
import type { Found } from './classify.ts';
import type { SeenDeal, SeenRow } from './seen.ts';
import type { Suggestion } from './suggest.ts';

/** One column of the comparison, for people: yuan as text. */
export interface Column {
  readonly state: string;
  readonly home: string;
  readonly host: string;
  readonly buyer: string;
  readonly seller: string;
  readonly price: string;
  readonly fee: string;
  readonly businessDate: string;
  readonly nativeNumber: string;
  readonly line: number;
}

/** A finding as it is kept, with its three columns. */
export interface KeptFound extends Found {
  readonly seen: { readonly a: Column | null; readonly g: Column | null; readonly b: Column | null };
  readonly suggestions: readonly Suggestion[];
}

const ORDER = `break_id, deal_id, code, codes, outcome, side, home, host, severity, delta_fen, value_fen, business_date,
  fields, seen, blame`;

/** Keeps findings of one run, each beside the deal as it was seen. A piece of work that ran twice keeps them once. */
export async function keepFound(
  connection: Queryable,
  run: string,
  found: readonly (readonly [Found, SeenDeal])[],
): Promise<void> {
  if (found.length === 0) return;
  const rows = found.map(([one, { a, g, b }]) => ({
    break_id: one.breakId,
    deal_id: one.dealId,
    code: one.code,
    codes: one.codes,
    outcome: one.outcome,
    side: one.side,
    home: one.home,
    host: one.host,
    severity: one.severity,
    delta_fen: one.deltaFen === null ? null : String(one.deltaFen),
    value_fen: String(one.valueFen),
    business_date: one.businessDate,
    fields: one.fields,
    seen: { a: columnOf(a), g: columnOf(g), b: columnOf(b) },
    blame: one.blame,
  }));
  await connection.query(
    `insert into clearing_found (run, ${ORDER})
     select $1, ${ORDER} from json_populate_recordset(null::clearing_found, $2) on conflict (run, break_id) do nothing`,
    [run, JSON.stringify(rows)],
  );
}

function columnOf(row: SeenRow | undefined): Column | null {
  if (row === undefined) return null;
  const { state, home, host, buyer, seller, businessDate, nativeNumber, line } = row;
  const [price, fee] = [formatFen(row.priceFen, 'yuan'), formatFen(row.feeFen, 'yuan')];
  return { state, home, host, buyer, seller, price, fee, businessDate, nativeNumber, line };
}

const READ = `break_id as "breakId", deal_id as "dealId", code, codes, outcome, side, home, host, severity,
  delta_fen as "deltaFen", value_fen as "valueFen", business_date as "businessDate", fields, seen, blame, suggestions`;
const PAGE = 1000;

/** Findings of a run in the order of their ids, after `after`. */
export async function foundAfter(
  connection: Queryable,
  run: string,
  after: string,
  limit: number,
): Promise<readonly KeptFound[]> {
  const { rows } = await connection.query<KeptFound & Record<string, unknown>>(
    `select ${READ} from clearing_found where run = $1 and break_id > $2 order by break_id limit $3`,
    [run, after, limit],
  );
  return rows;
}

/** All findings of a run in the order of their ids, in pages. */
export async function* foundIn(connection: Queryable, run: string): AsyncGenerator<readonly KeptFound[], void, void> {
  for (let after = ''; ; ) {
    const rows = await foundAfter(connection, run, after, PAGE);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.breakId;
  }
}

/**
 * SHA-256 over everything found and `counts`, in one order: the same books and rules give the same. On which line of its
 * book a row stood is no part of it: an exchange may write its rows in any order.
 */
export async function resultDigest(connection: Queryable, run: string, counts: string): Promise<string> {
  const hash = createHash('sha256').update(counts);
  for await (const page of foundIn(connection, run)) {
    for (const one of page) {
      const fields = one.fields.filter(({ field }) => field !== 'line');
      hash
        .update('\n')
        .update(JSON.stringify({ ...one, fields, again: one.fields.length - fields.length }, withoutLines));
    }
  }
  return hash.digest('hex');
}

function withoutLines(name: string, part: unknown): unknown {
  if (name === 'line') return undefined;
  return typeof part === 'bigint' ? String(part) : part;
}

/** Breaks of the earlier run that the later one no longer finds. */
export async function clearedSince(connection: Queryable, earlier: string, later: string): Promise<readonly string[]> {
  const { rows } = await connection.query<{ id: string }>(
    `select break_id as id from clearing_found e where run = $1 and outcome = 'break' and not exists (
       select from clearing_found l where l.run = $2 and l.break_id = e.break_id and l.outcome = 'break') order by 1`,
    [earlier, later],
  );
  return rows.map(({ id }) => id);
}
