import type { Queryable } from '../journal/database.ts';
import type { ControlFailure } from './controls.ts';
import type { Side } from './row.ts';

/** One book as it came: loaded, refused, or replaced by a higher batch. Null: could not be read. */
export interface Book {
  readonly id: string;
  readonly cycle: string;
  readonly side: Side;
  readonly date: string | null;
  readonly batch: number | null;
  readonly state: 'loaded' | 'refused' | 'superseded';
  readonly source: string;
  /** SHA-256 of its bytes, hex; of the journal its cut. */
  readonly digest: string;
  readonly openingCount: bigint | null;
  readonly rowCount: bigint | null;
  readonly totalPriceFen: bigint | null;
  readonly totalFeeFen: bigint | null;
  readonly quarantined: number;
  readonly failures: readonly ControlFailure[];
  readonly message: string | null;
  readonly loadedAtMs: number;
}

const COLUMNS = `id, cycle, side, date::text as date, batch, state, source, digest, opening_count::text as "openingCount",
  row_count::text as "rowCount", total_price_fen::text as "totalPriceFen", total_fee_fen::text as "totalFeeFen", quarantined,
  refusals as failures, message, (extract(epoch from loaded_at) * 1000)::bigint::text as "loadedAtMs"`;

type Read = { [Key in keyof Book]: Book[Key] extends bigint | null ? string | null : Book[Key] };

/** All books of a cycle, also those refused and replaced, in the order in which they came. */
export async function booksOf(connection: Queryable, cycle: string, side?: Side): Promise<readonly Book[]> {
  const { rows } = await connection.query<Read & Record<string, unknown>>(
    `select ${COLUMNS} from clearing_book where cycle = $1 and side = coalesce($2, side) order by loaded_at, id`,
    [cycle, side ?? null],
  );
  return rows.map(bookIn);
}

/** The book of that side that stands for the last day before; undefined: none was loaded yet. */
export async function bookBefore(connection: Queryable, side: Side, date: string): Promise<Book | undefined> {
  const { rows } = await connection.query<Read & Record<string, unknown>>(
    `select ${COLUMNS} from clearing_book where side = $1 and date < $2 and state = 'loaded' order by date desc limit 1`,
    [side, date],
  );
  return rows[0] && bookIn(rows[0]);
}

export async function recordBook(connection: Queryable, book: Book): Promise<void> {
  await connection.query(
    `insert into clearing_book (id, cycle, side, date, batch, state, source, digest, opening_count, row_count,
       total_price_fen, total_fee_fen, quarantined, refusals, message, loaded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, to_timestamp($16 / 1000.0))`,
    [
      book.id,
      book.cycle,
      book.side,
      book.date,
      book.batch,
      book.state,
      book.source,
      book.digest,
      book.openingCount,
      book.rowCount,
      book.totalPriceFen,
      book.totalFeeFen,
      book.quarantined,
      JSON.stringify(book.failures),
      book.message,
      book.loadedAtMs,
    ],
  );
}

/** The book that stood until now makes room: a higher batch replaces it, rows and all. */
export async function supersede(connection: Queryable, book: Book): Promise<void> {
  await connection.query(`update clearing_book set state = 'superseded' where id = $1`, [book.id]);
  await connection.query('delete from clearing_row where side = $1 and cycle = $2', [book.side, book.cycle]);
}

function bookIn(read: Read): Book {
  const fen = (text: string | bigint | null) => (text === null ? null : BigInt(text));
  return {
    ...read,
    openingCount: fen(read.openingCount),
    rowCount: fen(read.rowCount),
    totalPriceFen: fen(read.totalPriceFen),
    totalFeeFen: fen(read.totalFeeFen),
    loadedAtMs: Number(read.loadedAtMs),
  };
}
