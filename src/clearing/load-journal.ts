import { createHash } from 'node:crypto';
import type { Checked, Refusal } from '../contract/refusal.ts';
import { copyTransaction } from '../journal/copy.ts';
import type { Queryable } from '../journal/database.ts';
import { type Book, booksOf, recordBook, supersede } from './book.ts';
import { readJournalCut } from './journal-cut.ts';
import { readJournalLines } from './journal-lines.ts';
import type { JournalRow } from './journal-row.ts';
import { type LoadParts, takeTurns } from './load.ts';
import { Shelving } from './shelve.ts';

export interface JournalOrder {
  readonly cycle: string;
  readonly version: number;
  /** Where the books are being loaded at the same time: settled once they are; absent: they have been. */
  readonly booksLoaded?: Promise<unknown>;
}

/**
 * Loads the journal's side from JSON lines, after the books: of its deals those of the business day stand, and those of
 * other days that a book names (what the books put on another day must be seen as that, not as missing).
 */
export async function loadJournalLines(
  order: JournalOrder & { readonly source: string; readonly bytes: AsyncIterable<Uint8Array> },
  parts: LoadParts,
): Promise<Checked<Book>> {
  const hash = createHash('sha256');
  async function* hashed() {
    for await (const chunk of order.bytes) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    const book = await shelve(order, order.source, parts, async (put) => {
      const lines = readJournalLines(hashed());
      let next = await lines.next();
      for (; next.done !== true; next = await lines.next()) await put(next.value);
      if (!next.value.ok) throw new Refused(next.value.refusals);
      return hash.digest('hex');
    });
    return { ok: true, value: book };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusals: error.refusals };
    throw error;
  }
}

/** The same from the journal itself, cut at a sequence number (journal-cut.ts); `reading` is another connection. */
export async function loadJournalCut(
  order: JournalOrder & { readonly cut: bigint },
  reading: Queryable,
  parts: LoadParts,
): Promise<Book> {
  return shelve(order, 'journal', parts, async (put) => {
    for await (const rows of readJournalCut(reading, order.cycle, order.cut)) await put(rows);
    return `no <= ${order.cut}`;
  });
}

async function shelve(
  { cycle, version, booksLoaded }: JournalOrder,
  source: string,
  parts: LoadParts,
  read: (put: (rows: readonly JournalRow[]) => Promise<void>) => Promise<string>,
): Promise<Book> {
  return copyTransaction(parts.url, parts.limits, async (connection) => {
    await takeTurns(connection, cycle, 'journal');
    const before = await booksOf(connection, cycle, 'journal');
    const standing = before.find(({ state }) => state === 'loaded');
    if (standing !== undefined) await supersede(connection, standing);
    const id = parts.newId();
    const shelving = new Shelving(connection, { cycle, version, book: id }, 'newest');
    const digest = await read(async (rows) => {
      await shelving.put(
        rows.map(({ row }) => row),
        rows.map((one) => one.version),
      );
    });
    await shelving.end();
    // Whether they were taken or refused is for who asked to say; here only their rows count.
    await booksLoaded?.catch(() => {});
    await connection.query(withoutOtherDays, [cycle, version]);
    const { rows } = await connection.query<{ rows: string; price: string; fee: string }>(totals, [cycle, version]);
    const found = rows[0]!;
    const book: Book = {
      id,
      cycle,
      side: 'journal',
      date: cycle,
      batch: before.length + 1,
      state: 'loaded',
      source,
      digest,
      openingCount: 0n,
      rowCount: BigInt(found.rows),
      totalPriceFen: BigInt(found.price),
      totalFeeFen: BigInt(found.fee),
      quarantined: 0,
      failures: [],
      message: null,
      loadedAtMs: parts.nowMs(),
    };
    await recordBook(connection, book);
    return book;
  });
}

const OWN = `j.side = 'journal' and j.cycle = $1 and j.cycle_version = $2`;
const withoutOtherDays = `
  delete from clearing_row j
   where ${OWN} and j.business_date <> $1::date and not exists (
     select from clearing_row b where b.deal_id = j.deal_id and b.side <> 'journal' and b.cycle = $1)`;
const totals = `
  select count(*)::text as rows, coalesce(sum(price_fen), 0)::text as price, coalesce(sum(fee_fen), 0)::text as fee
    from clearing_row j where ${OWN}`;

/** Rolls the loading back and carries the reasons out. */
class Refused extends Error {
  readonly refusals: readonly Refusal[];
  constructor(refusals: readonly Refusal[]) {
    super('the journal was refused');
    this.refusals = refusals;
  }
}
