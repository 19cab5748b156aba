import type { BadRow } from '../contract/books.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';

/** A row that could not be read, as it is kept. */
export interface QuarantinedRow {
  readonly line: number;
  readonly bytes: Buffer;
  readonly refusals: readonly Refusal[];
}

/** Bad rows of one book, up to a bound: what comes beyond it is counted, and then the book is refused as a whole. */
export class Quarantine {
  count = 0;
  readonly kept: BadRow[] = [];
  readonly #maxRows: number;
  readonly #maxBytes: number;

  constructor(maxRows: number, maxBytes: number) {
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
  }

  add(row: BadRow): void {
    this.count++;
    // A copy: the reader's batch, of which these bytes are a part, is let go.
    if (this.kept.length < this.#maxRows)
      this.kept.push({ ...row, bytes: Buffer.from(row.bytes.subarray(0, this.#maxBytes)) });
  }
}

export async function recordQuarantine(connection: Queryable, book: string, rows: readonly BadRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query(
    `insert into clearing_quarantine (book, line, bytes, refusals)
     select $1, * from unnest($2::int[], $3::bytea[], $4::json[])`,
    [
      book,
      rows.map(({ line }) => line),
      rows.map(({ bytes }) => bytes),
      rows.map(({ refusals }) => JSON.stringify(refusals)),
    ],
  );
}

/** In the order of the lines, from behind `afterLine`. */
export async function quarantineOf(
  connection: Queryable,
  book: string,
  afterLine: number,
  limit: number,
): Promise<readonly QuarantinedRow[]> {
  const { rows } = await connection.query<QuarantinedRow & Record<string, unknown>>(
    'select line, bytes, refusals from clearing_quarantine where book = $1 and line > $2 order by line limit $3',
    [book, afterLine, limit],
  );
  return rows;
}
