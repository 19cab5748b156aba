import type { Queryable } from './database.ts';

/** Column name → PostgreSQL type of one array parameter. */
export type Columns<Row> = { readonly [Name in keyof Row & string]?: string };

/**
 * Inserts rows with one statement, whatever their number: one array parameter for each column.
 *
 * `tail` is what follows (`on conflict …`, `returning …`). A column whose type is `text[]` is given as an array.
 */
export async function insertRows<Row extends object, Out extends object = Record<string, unknown>>(
  connection: Queryable,
  table: string,
  columns: Columns<Row>,
  rows: readonly Row[],
  tail = '',
): Promise<readonly Out[]> {
  if (rows.length === 0) return [];
  const names = Object.keys(columns) as (keyof Row & string)[];
  // An array of arrays would be flattened by unnest, so a text[] travels as its literal and is cast on arrival.
  const isList = (name: keyof Row & string) => columns[name] === 'text[]';
  const parameters = names.map((name, i) => `$${i + 1}::${isList(name) ? 'text' : columns[name]}[]`).join(', ');
  const selected = names.map((name, i) => (isList(name) ? `c${i}::text[]` : `c${i}`)).join(', ');
  const aliases = names.map((_, i) => `c${i}`).join(', ');
  const text = `insert into ${table} (${names.join(', ')}) select ${selected} from unnest(${parameters}) as t(${aliases}) ${tail}`;
  const values = names.map((name) =>
    rows.map((row) => (isList(name) ? listLiteral(row[name] as readonly string[]) : (row[name] ?? null))),
  );
  return (await connection.query<Out & Record<string, unknown>>(text, values)).rows;
}

function listLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
}

/**
 * Takes transaction-long locks on names, always in one order so that two transactions never wait for each other.
 * Different names may share a lock (64-bit hash); that only makes one wait.
 */
export async function lockNames(connection: Queryable, names: Iterable<string>): Promise<void> {
  const list = [...new Set(names)];
  if (list.length === 0) return;
  await connection.query(
    `select pg_advisory_xact_lock(h) from
       (select distinct hashtextextended(name, 20260302) as h from unnest($1::text[]) as name order by h) as ordered`,
    [list],
  );
}
