import { createHash, type Hash } from 'node:crypto';
import type { StatedControls, StatementReader } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Checked } from '../contract/refusal.ts';
import { type CopyConnection, type CopyLimits, copyTransaction } from '../journal/copy.ts';
import { type Book, bookBefore, booksOf, recordBook, supersede } from './book.ts';
import { type ControlFailure, type Counted, controlFailure, failedControls, unreadableBook } from './controls.ts';
import { Quarantine, recordQuarantine } from './quarantine.ts';
import { Shelving } from './shelve.ts';
import { bookRowOf } from './stated.ts';

export interface LoadParts {
  readonly url: string;
  readonly limits: CopyLimits & {
    /** Bad rows that are kept; with more of them the book is refused. */
    readonly quarantineRows: number;
    readonly quarantineBytes: number;
  };
  nowMs(): number;
  newId(): string;
}

/** One statement to load for a business day. */
export interface StatementOrder {
  readonly cycle: string;
  readonly version: number;
  readonly side: Exchange;
  /** Where it came from, for people. */
  readonly source: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  read(bytes: AsyncIterable<Uint8Array>): StatementReader;
  /** The journaled statement. */
  readonly message?: string;
}

/** `repeated`: the same bytes came before, and that answer stands. */
export interface Loaded {
  readonly outcome: 'loaded' | 'repeated' | 'refused';
  readonly book: Book;
}

/**
 * Loads one exchange's book: rows into the table, bad ones into quarantine, every control checked at the end. Either all of
 * it stands or none; a refused book is recorded with its reasons, and what stood before goes on standing.
 *
 * Faults (database, source) are thrown; nothing is left behind then.
 */
export async function loadStatement(order: StatementOrder, parts: LoadParts): Promise<Loaded> {
  const { limits } = parts;
  const id = parts.newId();
  const quarantine = new Quarantine(limits.quarantineRows, limits.quarantineBytes);
  try {
    return await copyTransaction(parts.url, limits, async (connection) => {
      await takeTurns(connection, order.cycle, order.side);
      const before = (await booksOf(connection, order.cycle, order.side)).filter(({ state }) => state !== 'refused');
      const standing = before.find(({ state }) => state === 'loaded');
      if (standing !== undefined) await supersede(connection, standing);
      const shelving = new Shelving(connection, { cycle: order.cycle, version: order.version, book: id }, 'ordinals');
      const { controls, counted, digest } = await readThrough(order, shelving, quarantine);
      const repeated = before.find((book) => book.digest === digest);
      if (repeated !== undefined) throw new Ended({ outcome: 'repeated', book: repeated });
      const base = { id, cycle: order.cycle, side: order.side, source: order.source, digest };
      const opening = controls.ok ? await bookBefore(connection, order.side, order.cycle) : undefined;
      const failures = controls.ok
        ? [
            ...failedControls(controls.value, counted, {
              exchange: order.side,
              date: order.cycle,
              openingCount: opening && Number((opening.openingCount ?? 0n) + (opening.rowCount ?? 0n)),
              maxBadRows: limits.quarantineRows,
            }),
            ...outOfTurn(controls.value, before),
          ]
        : [unreadableBook(controls.refusals)];
      const book: Book = {
        ...base,
        ...statedIn(controls),
        state: failures.length === 0 ? 'loaded' : 'refused',
        quarantined: quarantine.count,
        failures,
        message: order.message ?? null,
        loadedAtMs: parts.nowMs(),
      };
      if (failures.length > 0) throw new Ended({ outcome: 'refused', book });
      await recordBook(connection, book);
      await recordQuarantine(connection, id, quarantine.kept);
      return { outcome: 'loaded', book };
    });
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    const { loaded } = error;
    if (loaded.outcome === 'refused') {
      await copyTransaction(parts.url, limits, async (connection) => {
        await recordBook(connection, loaded.book);
        await recordQuarantine(connection, id, quarantine.kept);
      });
    }
    return loaded;
  }
}

/** Rolls the loading back and carries its answer out. */
class Ended extends Error {
  readonly loaded: Loaded;
  constructor(loaded: Loaded) {
    super(loaded.outcome);
    this.loaded = loaded;
  }
}

/** Two loads of one book wait for each other; of different sides they do not. */
export async function takeTurns(connection: CopyConnection, cycle: string, side: string): Promise<void> {
  await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`clearing/${cycle}/${side}`]);
}

async function readThrough(
  order: StatementOrder,
  shelving: Shelving,
  quarantine: Quarantine,
): Promise<{ readonly controls: Checked<StatedControls>; readonly counted: Counted; readonly digest: string }> {
  const hash = createHash('sha256');
  const counted: Counted = { rows: 0, bad: 0, priceFen: 0n, feeFen: 0n };
  const bytes = hashed(order.bytes, hash);
  // Without `return`: a reader that gives up early must not end the stream before its bytes are hashed.
  const reader = order.read({ [Symbol.asyncIterator]: () => ({ next: () => bytes.next() }) });
  let next = await reader.next();
  for (; next.done !== true; next = await reader.next()) {
    const { rows, bad } = next.value;
    for (const row of rows) {
      counted.priceFen += row.priceFen;
      counted.feeFen += row.feeFen;
    }
    for (const row of bad) {
      counted.priceFen += row.priceFen ?? 0n;
      counted.feeFen += row.feeFen ?? 0n;
      quarantine.add(row);
    }
    counted.rows += rows.length;
    counted.bad += bad.length;
    await shelving.put(rows.map((row) => bookRowOf(order.side, row)));
  }
  // A reader that refuses early leaves bytes unread; they belong to the digest all the same.
  for await (const _rest of bytes);
  await shelving.end();
  return { controls: next.value, counted, digest: hash.digest('hex') };
}

async function* hashed(source: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

/** A batch number means one content, and the highest stands. */
function outOfTurn({ batch }: StatedControls, before: readonly Book[]): readonly ControlFailure[] {
  if (before.some((book) => book.batch === batch)) return [controlFailure('batch-conflict', String(batch))];
  const highest = Math.max(0, ...before.map((book) => book.batch ?? 0));
  return batch < highest ? [controlFailure('batch-older', String(batch), String(highest))] : [];
}

function statedIn(
  controls: Checked<StatedControls>,
): Pick<Book, 'date' | 'batch' | 'openingCount' | 'rowCount' | 'totalPriceFen' | 'totalFeeFen'> {
  if (!controls.ok) {
    return { date: null, batch: null, openingCount: null, rowCount: null, totalPriceFen: null, totalFeeFen: null };
  }
  const { date, batch, openingCount, count, totalPriceFen, totalFeeFen } = controls.value;
  return { date, batch, openingCount: BigInt(openingCount), rowCount: BigInt(count), totalPriceFen, totalFeeFen };
}
