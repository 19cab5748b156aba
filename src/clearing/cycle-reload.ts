import type { StatementReader } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import { copyTransaction } from '../journal/copy.ts';
import type { Queryable } from '../journal/database.ts';
import { type Book, booksOf } from './book.ts';
import type { Blocker, Cycle } from './cycle.ts';
import type { LoadParts } from './load.ts';
import { takeTurns } from './load.ts';
import { loadJournalCut } from './load-journal.ts';
import { Shelving } from './shelve.ts';
import { bookRowOf } from './stated.ts';

export interface ReloadParts extends LoadParts {
  readonly database: Queryable;
  read(exchange: Exchange, bytes: AsyncIterable<Uint8Array>): StatementReader;
}

/**
 * Brings back the rows of books that stand but whose rows are gone with a crash of the database: an exchange's from the
 * bytes that the journal keeps, the journal's from its cut. What cannot be brought back has to come again, and is in the way.
 */
export async function reloadLostRows(cycle: Cycle, parts: ReloadParts): Promise<readonly Blocker[]> {
  const { database } = parts;
  const { rows } = await database.query<{ side: string; rows: bigint }>(
    'select side, count(*) as rows from clearing_row where cycle = $1 and cycle_version = $2 group by side',
    [cycle.cycle, cycle.version],
  );
  const there = new Map(rows.map((one) => [one.side, one.rows]));
  const lost = (await booksOf(database, cycle.cycle)).filter(
    ({ side, state, rowCount, quarantined }) =>
      state === 'loaded' && (there.get(side) ?? 0n) < (rowCount ?? 0n) - BigInt(quarantined),
  );
  const blocked: Blocker[] = [];
  for (const book of lost) {
    if (book.side === 'journal') continue;
    const bytes = book.message === null ? undefined : await bytesOf(database, book.message);
    if (bytes !== undefined) await reload(book, book.side, bytes, cycle, parts);
    else {
      const [zh, en] = [
        '数据库重启后明细已失，须重新上传对账单',
        'its rows were lost with the database: upload the statement again',
      ];
      blocked.push({ code: 'book-missing', exchange: book.side, stops: false, zh, en });
    }
  }
  // Last: which deals of other days it holds hangs on the books.
  if (lost.length > 0 && blocked.length === 0) await loadJournalCut({ ...cycle, cut: cycle.cut! }, database, parts);
  return blocked;
}

async function bytesOf(connection: Queryable, message: string): Promise<Buffer | undefined> {
  const { rows } = await connection.query<{ native: Buffer | null }>('select native from message where id = $1', [
    message,
  ]);
  return rows[0]?.native ?? undefined;
}

async function reload(book: Book, side: Exchange, bytes: Buffer, cycle: Cycle, parts: ReloadParts): Promise<void> {
  async function* source() {
    yield bytes;
  }
  await copyTransaction(parts.url, parts.limits, async (connection) => {
    await takeTurns(connection, cycle.cycle, side);
    await connection.query('delete from clearing_row where side = $1 and cycle = $2', [side, cycle.cycle]);
    const shelving = new Shelving(
      connection,
      { cycle: cycle.cycle, version: cycle.version, book: book.id },
      'ordinals',
    );
    const reader = parts.read(side, source());
    let next = await reader.next();
    for (; next.done !== true; next = await reader.next()) {
      await shelving.put(next.value.rows.map((row) => bookRowOf(side, row)));
    }
    await shelving.end();
  });
}
