import type { Queryable } from './database.ts';
import { arrayLiteral } from './parameters.ts';

/** Column name → PostgreSQL type of one array parameter. */
export type Columns<Row> = { readonly [Name in keyof Row & string]?: string };

/**
 * Inserts rows with one statement, whatever their number: one array parameter for each column.
 *
 * `tail` is what follows (`on conflict …`, `returning …`). A column whose type is `text[]` is given as an array,
 * `bytea` as bytes, `json` as its text. Bytes and JSON of all rows travel in one binary parameter and are cut apart
 * by the server: in array parameters they would be written as text, escaped, and twice as long.
 */
export async function insertRows<Row extends object, Out extends object = Record<string, unknown>>(
  connection: Queryable,
  table: string,
  columns: Columns<Row>,
  rows: readonly Row[],
  tail = '',
): Promise<readonly Out[]> {
  if (rows.length === 0) return [];
  const { names, selected, source, values } = bindRows(columns, rows);
  const text = `insert into ${table} (${names.join(', ')}) select ${selected.join(', ')} from ${source} ${tail}`;
  return (await connection.query<Out & Record<string, unknown>>(text, values)).rows;
}

/** pg takes Buffers as bytes; a plain Uint8Array it would write as an array of numbers. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Updates rows found by `key`, one of the columns, with one statement; every other column given is set. `tail` is what
 * follows the condition (`and …`, `returning …`).
 */
export async function updateRows<Row extends object, Out extends object = Record<string, unknown>>(
  connection: Queryable,
  table: string,
  key: keyof Row & string,
  columns: Columns<Row>,
  rows: readonly Row[],
  tail = '',
): Promise<readonly Out[]> {
  if (rows.length === 0) return [];
  const { names, selected, source, values } = bindRows(columns, rows);
  const set = names.flatMap((name, i) => (name === key ? [] : [`${name} = ${selected[i]}`])).join(', ');
  const found = `${table}.${key} = ${selected[names.indexOf(key)]}`;
  const text = `update ${table} set ${set} from ${source} where ${found} ${tail}`;
  return (await connection.query<Out & Record<string, unknown>>(text, values)).rows;
}

interface Bound {
  readonly names: readonly string[];
  /** The expression of each column over `source`. */
  readonly selected: readonly string[];
  readonly source: string;
  readonly values: unknown[];
}

function bindRows<Row extends object>(columns: Columns<Row>, rows: readonly Row[]): Bound {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const values: unknown[] = [];
  const bind = (value: unknown, type: string) => `$${values.push(value)}::${type}[]`;
  const packed = names.filter((name) => isPacked(columns[name]));
  const pack = packed.length === 0 ? undefined : packBytes(rows, packed);
  if (pack !== undefined) values.push(pack.bytes);
  const bound: string[] = [];
  const selected = names.map((name) => {
    const type = columns[name]!;
    const alias = `c${bound.length}`;
    if (pack !== undefined && isPacked(type)) {
      const { from, lengths } = pack.places.get(name)!;
      bound.push(bind(from, 'integer'), bind(lengths, 'integer'));
      const bytes = `substring($1::bytea from ${alias} for c${bound.length - 1})`;
      return type === 'bytea' ? bytes : `convert_from(${bytes}, 'UTF8')::${type}`;
    }
    if (type === 'text[]') {
      // An array of arrays would be flattened by unnest, so a text[] travels as its literal and is cast on arrival.
      bound.push(
        bind(
          rows.map((row) => arrayLiteral(row[name] as readonly string[])),
          'text',
        ),
      );
      return `${alias}::text[]`;
    }
    bound.push(
      bind(
        rows.map((row) => row[name] ?? null),
        type,
      ),
    );
    return alias;
  });
  const aliases = bound.map((_, i) => `c${i}`).join(', ');
  return { names, selected, source: `unnest(${bound.join(', ')}) as t(${aliases})`, values };
}

function isPacked(type: string | undefined): boolean {
  return type === 'bytea' || type === 'json';
}

interface Pack {
  readonly bytes: Buffer;
  /** For each column, where each row's part begins (counted from 1, as SQL does) and how long it is; null: absent. */
  readonly places: ReadonlyMap<string, { readonly from: (number | null)[]; readonly lengths: (number | null)[] }>;
}

function packBytes<Row extends object>(rows: readonly Row[], names: readonly (keyof Row & string)[]): Pack {
  const parts: Uint8Array[] = [];
  let length = 0;
  const places = new Map<string, { from: (number | null)[]; lengths: (number | null)[] }>();
  for (const name of names) {
    const from: (number | null)[] = [];
    const lengths: (number | null)[] = [];
    for (const row of rows) {
      const value = row[name] as Uint8Array | string | null | undefined;
      const part = typeof value === 'string' ? Buffer.from(value, 'utf8') : (value ?? null);
      from.push(part === null ? null : length + 1);
      lengths.push(part === null ? null : part.byteLength);
      if (part === null) continue;
      parts.push(part);
      length += part.byteLength;
    }
    places.set(name, { from, lengths });
  }
  return { bytes: Buffer.concat(parts, length), places };
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
