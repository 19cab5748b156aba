import type { Queryable } from './database.ts';
import { insertRows } from './rows.ts';

/** A rulebook version as it was adopted. */
export interface RulebookRow {
  readonly exchange: string;
  readonly version: number;
  readonly sha256: string;
  readonly body: unknown;
}

export async function rulebookRows(connection: Queryable): Promise<readonly RulebookRow[]> {
  const { rows } = await connection.query<Record<string, never>>(
    'select exchange, version, sha256, body from rulebook order by exchange, version',
  );
  return rows as unknown as readonly RulebookRow[];
}

/** Changes whenever a rulebook is added: a cheap look before reading them all. */
export async function rulebookCount(connection: Queryable): Promise<number> {
  const { rows } = await connection.query<{ count: bigint }>('select count(*) from rulebook');
  return Number(rows[0]!.count);
}

export async function keepRulebook(
  connection: Queryable,
  row: RulebookRow & { readonly message: string },
  at: Date,
): Promise<void> {
  await insertRows(
    connection,
    'rulebook',
    { exchange: 'text', version: 'integer', sha256: 'text', body: 'json', message: 'uuid', recorded_at: 'timestamptz' },
    [{ ...row, body: JSON.stringify(row.body), recorded_at: at }],
  );
}
