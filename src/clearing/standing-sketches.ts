import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { updateRows } from '../journal/rows.ts';
import type { Sketch } from './iblt.ts';
import { cellBytes, sketchOf } from './sketch.ts';
import { type Session, sessionOf } from './standing-row.ts';

/** The journal's sketch of what an exchange's books must say, as it stands in the database. */
export interface JournalSketch {
  readonly exchange: Exchange;
  /** The first business day in it. */
  readonly since: string;
  readonly secret: Buffer;
  readonly session: Session;
  readonly sketch: Sketch;
  rows: bigint;
}

interface Kept extends Record<string, unknown> {
  readonly exchange: Exchange;
  readonly since: string;
  readonly secret: Buffer;
  readonly cells: Buffer;
  readonly rows: bigint;
}

const COLUMNS = 'exchange, since, key as secret, cells, row_count as rows';

export async function readSketch(connection: Queryable, exchange: Exchange): Promise<JournalSketch | undefined> {
  const { rows } = await connection.query<Kept>(`select ${COLUMNS} from clearing_sketch where exchange = $1`, [
    exchange,
  ]);
  return rows[0] && opened(rows[0]);
}

/** All of them, for whoever changes them: nobody else does meanwhile. */
export async function lockSketches(connection: Queryable): Promise<ReadonlyMap<Exchange, JournalSketch>> {
  const { rows } = await connection.query<Kept>(`select ${COLUMNS} from clearing_sketch order by exchange for update`);
  return new Map(rows.map((kept) => [kept.exchange, opened(kept)]));
}

export async function saveSketches(
  connection: Queryable,
  sketches: ReadonlyMap<Exchange, JournalSketch>,
): Promise<void> {
  await updateRows(
    connection,
    'clearing_sketch',
    'exchange',
    { exchange: 'text', cells: 'bytea', row_count: 'bigint' },
    [...sketches.values()].map(({ exchange, sketch, rows }) => ({
      exchange,
      cells: cellBytes(sketch),
      row_count: rows,
    })),
  );
}

function opened({ exchange, since, secret, cells, rows }: Kept): JournalSketch {
  const session = sessionOf(secret);
  return { exchange, since, secret, session, sketch: sketchOf(session.cells, cells), rows };
}
