import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { jobsHere } from '../clearing/jobs.ts';
import type { LoadParts } from '../clearing/load.ts';
import { loadJournalLines } from '../clearing/load-journal.ts';
import { foundIn, type KeptFound } from '../clearing/match-found.ts';
import { type RunSummary, reconcile } from '../clearing/reconcile.ts';
import type { Tolerance } from '../clearing/tolerance.ts';
import type { Limits } from '../config-limits.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { BookRefused } from '../http/problem-books.ts';
import { openDatabase } from '../journal/database.ts';
import { GATEWAY_ROLE } from '../journal/roles.ts';
import { loadBooks, readFileTelling } from './reconcile-books.ts';
import { Surroundings } from './terminal.ts';

export interface BookFiles {
  readonly date: string;
  readonly journal: string;
  readonly statements: Readonly<Record<Exchange, string>>;
}

export interface FileParts {
  /** A database of its own with all tables and no rows yet; the login owns it. */
  readonly url: string;
  readonly tolerances: readonly Tolerance[];
  readonly limits: Pick<Limits, 'clearingTimeoutMs' | 'clearingJobs' | 'quarantineRows' | 'quarantineBytes'>;
  nowMs(): number;
  /** Of all bytes while loading, of all partitions while comparing; `stage` changes in this order. */
  progress(stage: Stage, done: number, of: number): void;
}

export type Stage = 'load' | 'compare';

export type Reconciled =
  | { readonly ok: true; readonly summary: RunSummary; breaks(): AsyncGenerator<KeptFound, void, void> }
  | { readonly ok: false; readonly refused: readonly BookRefused[] };

/** From files to classified breaks. The answer is handed to `use` while the database is open. */
export async function reconcileFiles<Result>(
  files: BookFiles,
  parts: FileParts,
  use: (reconciled: Reconciled) => Promise<Result>,
): Promise<Result> {
  const { limits, url, nowMs } = parts;
  const order = { cycle: files.date, version: 1 };
  const loadLimits: LoadParts['limits'] = {
    timeoutMs: limits.clearingTimeoutMs,
    lockTimeoutMs: limits.clearingTimeoutMs,
    role: GATEWAY_ROLE,
    quarantineRows: limits.quarantineRows,
    quarantineBytes: limits.quarantineBytes,
  };
  const tell = await progressOf([...Object.values(files.statements), files.journal], (done, of) =>
    parts.progress('load', done, of),
  );
  const { statements } = files;
  await asOwner(url, limits, 'select unkey_clearing_rows()');
  const booksLoaded = loadBooks({ ...order, statements, url, limits: loadLimits, atMs: nowMs() }, tell);
  const [books, journal] = await Promise.all([
    booksLoaded,
    loadJournalLines(
      { ...order, source: files.journal, bytes: readFileTelling(files.journal, tell), booksLoaded },
      { url, limits: loadLimits, nowMs, newId: randomUUID },
    ),
  ]);
  if (books.length > 0) return use({ ok: false, refused: books });
  if (!journal.ok) {
    return use({ ok: false, refused: [{ book: 'journal', failures: [], refusals: journal.refusals }] });
  }
  await asOwner(url, limits, 'select key_clearing_rows()');
  const database = openDatabase(url, {
    max: limits.clearingJobs + 1,
    role: GATEWAY_ROLE,
    statementTimeoutMs: limits.clearingTimeoutMs,
  });
  try {
    const summary = await reconcile(
      { ...order, tolerances: parts.tolerances },
      {
        database,
        jobs: jobsHere(limits.clearingJobs),
        nowMs,
        newId: randomUUID,
        progress: (done, of) => parts.progress('compare', done, of),
      },
    );
    async function* breaks() {
      for await (const page of foundIn(database, summary.run)) {
        yield* page.filter(({ outcome }) => outcome === 'break');
      }
    }
    return await use({ ok: true, summary, breaks });
  } finally {
    await database.close();
  }
}

async function asOwner(url: string, { clearingTimeoutMs }: FileParts['limits'], statement: string): Promise<void> {
  const database = openDatabase(url, { max: 1, statementTimeoutMs: clearingTimeoutMs });
  try {
    await database.query(statement);
  } finally {
    await database.close();
  }
}

/** Adds up what is read of all files together. Opens each first: a missing one is said at once. */
async function progressOf(
  files: readonly string[],
  tell: (done: number, of: number) => void,
): Promise<(bytes: number) => void> {
  let [done, of] = [0, 0];
  for (const file of files) of += await sizeOf(file);
  return (bytes) => {
    done += bytes;
    tell(done, of);
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    const handle = await open(file, 'r');
    const stat = await handle.stat().finally(() => handle.close());
    if (stat.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    return stat.size;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new Surroundings(`无法读取文件 ${file}（${code}）`, `cannot read ${file} (${code})`, error);
  }
}
