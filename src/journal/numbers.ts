import type { Queryable } from './database.ts';
import { insertRows } from './rows.ts';

/** Kinds of things an exchange numbers itself when they come from another. */
export type Numbered = 'listing' | 'interest' | 'bid' | 'deal' | 'funds';

export interface NumberRow {
  readonly exchange: string;
  readonly kind: Numbered;
  /** The exchange's own number. */
  readonly number: string;
  /** What it stands for, a unified id. */
  readonly id: string;
}

const key = (exchange: string, kind: string, value: string) => `${exchange}\n${kind}\n${value}`;

/**
 * Which numbers are asked for. A list given through a select is of a length that the planner does not know: it would
 * otherwise find that so few deserve a plan of their own, and making one costs more than the look.
 */
const asked = (column: 'number' | 'id') =>
  `select n.exchange, n.kind, n.number, n.id
     from unnest((select $1::text[]), (select $2::text[]), (select $3::text[])) as t(exchange, kind, ${column})
     join number n using (exchange, kind, ${column})`;

/** Numbers → ids, for what an exchange refers to by its own number. */
export async function idsOf(
  connection: Queryable,
  wanted: readonly { readonly exchange: string; readonly kind: Numbered; readonly number: string }[],
): Promise<(exchange: string, kind: Numbered, number: string) => string | undefined> {
  const found = new Map<string, string>();
  if (wanted.length > 0) {
    const { rows } = await connection.query<NumberRow & Record<string, unknown>>(asked('number'), [
      wanted.map((w) => w.exchange),
      wanted.map((w) => w.kind),
      wanted.map((w) => w.number),
    ]);
    for (const row of rows) found.set(key(row.exchange, row.kind, row.number), row.id);
  }
  return (exchange, kind, number) => found.get(key(exchange, kind, number));
}

/** Ids → numbers, for telling an exchange about what it numbers itself. */
export async function numbersOf(
  connection: Queryable,
  wanted: readonly { readonly exchange: string; readonly kind: Numbered; readonly id: string }[],
): Promise<(exchange: string, kind: Numbered, id: string) => string | undefined> {
  const found = new Map<string, string>();
  if (wanted.length > 0) {
    const { rows } = await connection.query<NumberRow & Record<string, unknown>>(asked('id'), [
      wanted.map((w) => w.exchange),
      wanted.map((w) => w.kind),
      wanted.map((w) => w.id),
    ]);
    for (const row of rows) found.set(key(row.exchange, row.kind, row.id), row.number);
  }
  return (exchange, kind, id) => found.get(key(exchange, kind, id));
}

/** Keeps numbers given; the first number given for a thing stays. */
export async function keepNumbers(connection: Queryable, rows: readonly NumberRow[]): Promise<void> {
  await insertRows<NumberRow>(
    connection,
    'number',
    { exchange: 'text', kind: 'text', number: 'text', id: 'text' },
    rows,
    'on conflict do nothing',
  );
}
