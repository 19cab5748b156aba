import type { StatementReader } from '../contract/books.ts';
import { instantMs } from '../contract/dates.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { type Book, booksOf } from './book.ts';
import { type Loaded, type LoadParts, loadStatement } from './load.ts';

/** Books as an exchange gave them over its link, already journaled where they are a statement. */
export interface FetchedBooks {
  readonly bytes: Uint8Array;
  readonly message?: string;
}

export interface FetchParts extends LoadParts {
  readonly database: Queryable;
  /** Throws where the exchange does not answer, or has no books yet: it is asked again. */
  fetch(exchange: Exchange, date: string): Promise<FetchedBooks>;
  read(exchange: Exchange, bytes: AsyncIterable<Uint8Array>): StatementReader;
  /** `17:00`, in Asia/Shanghai; undefined: that exchange has no business day then. */
  cutOff(exchange: Exchange, date: string): string | undefined;
  readonly retry: { readonly baseMs: number; readonly capMs: number };
}

/** What became of one exchange's books in one look; `waiting`: before its cut-off, or until it is asked again. */
export type Fetched =
  | { readonly exchange: Exchange; readonly outcome: 'there' | 'waiting' | 'no-business' }
  | { readonly exchange: Exchange; readonly outcome: 'loaded'; readonly loaded: Loaded }
  | { readonly exchange: Exchange; readonly outcome: 'failed'; readonly error: unknown };

/**
 * Fetches each exchange's books once its own cut-off has passed. A look is cheap and may be made as often as one likes;
 * it fetches only what is due: not there yet, and not asked for in vain a moment ago.
 */
export class BookFetching {
  readonly #parts: FetchParts;
  /** Tries in vain, and when the next may be made. */
  readonly #again = new Map<string, { readonly tries: number; readonly atMs: number }>();

  constructor(parts: FetchParts) {
    this.#parts = parts;
  }

  /** One look at all three; none waits for another. Never throws for an exchange's failure. */
  async look(cycle: string, version: number): Promise<readonly Fetched[]> {
    const books = await booksOf(this.#parts.database, cycle);
    return Promise.all(exchanges.map((exchange) => this.#lookAt(exchange, cycle, version, books)));
  }

  async #lookAt(exchange: Exchange, cycle: string, version: number, books: readonly Book[]): Promise<Fetched> {
    const parts = this.#parts;
    if (books.some((book) => book.side === exchange && book.state === 'loaded')) return { exchange, outcome: 'there' };
    const cutOff = parts.cutOff(exchange, cycle);
    if (cutOff === undefined) return { exchange, outcome: 'no-business' };
    const key = `${exchange}/${cycle}`;
    const again = this.#again.get(key);
    const dueAtMs = again?.atMs ?? instantMs(`${cycle}T${cutOff}:00+08:00`);
    if (parts.nowMs() <= dueAtMs) return { exchange, outcome: 'waiting' };
    // Set before asking, so that a look made meanwhile does not ask as well.
    const tries = (again?.tries ?? 0) + 1;
    const waitMs = Math.min(parts.retry.capMs, parts.retry.baseMs * 2 ** Math.min(tries - 1, 30));
    this.#again.set(key, { tries, atMs: parts.nowMs() + waitMs });
    try {
      const { bytes, message } = await parts.fetch(exchange, cycle);
      const loaded = await loadStatement(
        {
          cycle,
          version,
          side: exchange,
          source: 'link',
          bytes: once(bytes),
          read: (source) => parts.read(exchange, source),
          ...(message === undefined ? {} : { message }),
        },
        parts,
      );
      if (loaded.outcome !== 'refused') this.#again.delete(key);
      return { exchange, outcome: 'loaded', loaded };
    } catch (error) {
      return { exchange, outcome: 'failed', error };
    }
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}
