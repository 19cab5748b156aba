import type { StatementReader } from '../contract/books.ts';
import { instantMs } from '../contract/dates.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { TrustList } from '../envelope/jws.ts';
import type { Database } from '../journal/database.ts';
import { transaction } from '../journal/database.ts';
import { type Book, booksOf } from './book.ts';
import type { Blocker, Cycle } from './cycle.ts';
import type { Outcome, Step } from './cycle-close.ts';
import { recordEvent } from './cycle-events.ts';
import { reloadLostRows } from './cycle-reload.ts';
import type { BookFetching, Fetched } from './fetch-books.ts';
import type { Jobs } from './jobs.ts';
import { cutJournal } from './journal-cut.ts';
import type { LoadParts } from './load.ts';
import { loadJournalCut } from './load-journal.ts';
import { reconcile } from './reconcile.ts';
import { failedSignatures } from './signatures.ts';
import type { Tolerance } from './tolerance.ts';

export interface StepParts extends LoadParts {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly tolerances: readonly Tolerance[];
  /** `17:00`; null: no business on that day; undefined: the calendar does not reach. */
  cutOff(exchange: Exchange, date: string): string | null | undefined;
  readonly fetching: Pick<BookFetching, 'look'>;
  read(exchange: Exchange, bytes: AsyncIterable<Uint8Array>): StatementReader;
  /** What is wrong with the journal itself: a signature, a chain or a root. Empty: nothing is known to be. */
  integrity(): readonly { readonly zh: string; readonly en: string }[];
  /** The keys that statements are signed with. */
  trust(): TrustList;
  onFault(error: unknown): void;
}

/** The first three steps: from the day as it goes on to the comparison. */
export function comparingSteps(parts: StepParts): { readonly open: Step; readonly cut: Step; readonly loaded: Step } {
  const { database } = parts;
  return {
    async open({ cycle }) {
      const blocked = exchanges.flatMap((exchange) => beforeCutOff(exchange, cycle, parts));
      if (blocked.length > 0) return { blocked };
      const cut = await cutJournal(database);
      return { to: 'cut', cut, detail: { cut: String(cut) } };
    },

    async cut(cycle) {
      const fetched = await parts.fetching.look(cycle.cycle, cycle.version);
      await tell(cycle, fetched, parts);
      const books = await booksOf(database, cycle.cycle);
      const blocked = [...badSignatures(parts), ...exchanges.flatMap((exchange) => missing(exchange, books, fetched))];
      if (blocked.length > 0) return { blocked };
      const journal = await loadJournalCut({ ...cycle, cut: cycle.cut! }, database, parts);
      const rows = Object.fromEntries(
        [...standing(books), journal].map(({ side, rowCount }) => [side, Number(rowCount)]),
      );
      return { to: 'loaded', detail: { rows } };
    },

    async loaded(cycle) {
      // Rows are not logged: a database that crashed has lost them, and what it keeps of the books brings them back.
      const lost = await reloadLostRows(cycle, parts);
      if (lost.length > 0) return { blocked: lost };
      const unsigned = await failedSignatures(database, cycle.cycle, parts.trust());
      if (unsigned.length > 0) return { blocked: unsigned.map((one) => stop('SIG', one.side, one)) };
      const summary = await reconcile(
        { cycle: cycle.cycle, version: cycle.version, tolerances: parts.tolerances },
        { ...parts, progress: (done, of) => void tellProgress(cycle, done, of, parts) },
      );
      const { run, resultSha256, breaks } = summary;
      const found = Object.values(breaks).reduce((sum, count) => sum + count, 0);
      const equal = summary.equal.reduce((sum, { deals }) => sum + deals, 0);
      return { to: 'reconciled', run, detail: { equal, breaks: found, byCode: breaks, resultSha256 } };
    },
  } satisfies Record<string, (cycle: Cycle) => Promise<Outcome>>;
}

function beforeCutOff(
  exchange: Exchange,
  date: string,
  { cutOff, nowMs }: Pick<StepParts, 'cutOff' | 'nowMs'>,
): readonly Blocker[] {
  const time = cutOff(exchange, date);
  if (time === null) return [];
  if (time === undefined) {
    const [zh, en] = [`交易日历未覆盖 ${date}`, `the calendar does not say whether ${date} is a business day`];
    return [{ code: 'calendar', exchange, stops: false, zh, en }];
  }
  if (nowMs() > instantMs(`${date}T${time}:00+08:00`)) return [];
  return [{ code: 'cut-off', exchange, stops: false, zh: `${time} 日切`, en: `its cut-off is at ${time}` }];
}

function standing(books: readonly Book[]): readonly Book[] {
  return books.filter(({ side, state }) => state === 'loaded' && side !== 'journal');
}

/** Why that exchange's book does not stand; a refused one stops the day until another comes. */
function missing(exchange: Exchange, books: readonly Book[], fetched: readonly Fetched[]): readonly Blocker[] {
  if (books.some(({ side, state }) => side === exchange && state === 'loaded')) return [];
  if (fetched.some((one) => one.exchange === exchange && one.outcome === 'no-business')) return [];
  const refused = books.findLast(({ side, state }) => side === exchange && state === 'refused');
  if (refused !== undefined) {
    const [zh, en] = [
      refused.failures.map((one) => one.zh).join('；'),
      refused.failures.map((one) => one.en).join('; '),
    ];
    return [stop('CTL', exchange, { zh: `对账单被拒收：${zh}`, en: `its statement was refused: ${en}` })];
  }
  return [{ code: 'book-missing', exchange, stops: false, zh: '对账单未到', en: 'its statement has not come yet' }];
}

function badSignatures({ integrity }: Pick<StepParts, 'integrity'>): readonly Blocker[] {
  return integrity().map((alarm) => stop('SIG', null, alarm));
}

function stop(code: 'CTL' | 'SIG', exchange: Exchange | null, { zh, en }: { zh: string; en: string }): Blocker {
  return { code, exchange, stops: true, zh, en };
}

/** Books that came with this look, each to its own exchange and to staff. */
async function tell({ cycle }: Cycle, fetched: readonly Fetched[], parts: StepParts): Promise<void> {
  for (const one of fetched) {
    if (one.outcome === 'failed') parts.onFault(one.error);
    if (one.outcome !== 'loaded' || one.loaded.outcome === 'repeated') continue;
    const { side, state, rowCount, failures } = one.loaded.book;
    const detail = { side, state, rows: rowCount === null ? null : Number(rowCount), failures: failures.length };
    const at = new Date(parts.nowMs());
    await transaction(parts.database, (connection) =>
      recordEvent(connection, { cycle, kind: 'book', seenBy: [one.exchange], detail, at }),
    );
  }
}

async function tellProgress({ cycle }: Cycle, done: number, of: number, parts: StepParts): Promise<void> {
  const event = {
    cycle,
    kind: 'progress',
    detail: { step: 'reconciled', done, of },
    at: new Date(parts.nowMs()),
  } as const;
  await transaction(parts.database, (connection) => recordEvent(connection, event)).catch(parts.onFault);
}
