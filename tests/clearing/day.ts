import { randomUUID } from 'node:crypto';
import { adapters } from '../../adapters/all.ts';
import { jobsHere } from '../../src/clearing/jobs.ts';
import { type LoadParts, loadStatement } from '../../src/clearing/load.ts';
import { loadJournalLines } from '../../src/clearing/load-journal.ts';
import { foundIn, type KeptFound } from '../../src/clearing/match-found.ts';
import { type RunSummary, reconcile } from '../../src/clearing/reconcile.ts';
import type { Tolerance } from '../../src/clearing/tolerance.ts';
import type { Database } from '../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../src/journal/roles.ts';
import type { SeededBooks } from '../support/clearing/generate.ts';
import { sides } from '../support/clearing/truth.ts';

/** What of the engine a test may hand in otherwise than it is. */
export interface Engine {
  readonly loadStatement: typeof loadStatement;
  readonly loadJournalLines: typeof loadJournalLines;
  readonly reconcile: typeof reconcile;
}

export const wholeEngine: Engine = { loadStatement, loadJournalLines, reconcile };

let clock = Date.parse('2026-03-02T18:00:00+08:00');

export function loadParts(url: string): LoadParts {
  return {
    url,
    limits: { timeoutMs: 60_000, lockTimeoutMs: 20_000, role: GATEWAY_ROLE, quarantineRows: 10, quarantineBytes: 200 },
    nowMs: () => (clock += 1000),
    newId: randomUUID,
  };
}

/** Loads seeded books as their exchanges sent them, and the journal's lines. Throws where one is refused. */
export async function loadDay(
  made: Pick<SeededBooks, 'date' | 'journal' | 'statements'>,
  url: string,
  engine: Engine = wholeEngine,
): Promise<void> {
  const parts = loadParts(url);
  const order = { cycle: made.date, version: 1, source: 'test' };
  for (const side of sides) {
    const { readStatement } = adapters.find(({ exchange }) => exchange === side)!;
    const bytes = once(made.statements[side]);
    const loaded = await engine.loadStatement(
      { ...order, side, bytes, read: (source) => readStatement(source) },
      parts,
    );
    if (loaded.outcome !== 'loaded') throw new Error(`${side}: ${JSON.stringify(loaded.book.failures)}`);
  }
  const journal = await engine.loadJournalLines({ ...order, bytes: once(made.journal) }, parts);
  if (!journal.ok) throw new Error(JSON.stringify(journal.refusals));
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

export interface DayCompared extends RunSummary {
  readonly found: readonly KeptFound[];
}

export interface DayOrder {
  readonly cycle: string;
  readonly version?: number;
  readonly tolerances?: readonly Tolerance[];
}

/** Compares what has been loaded. */
export async function compareDay(
  database: Database,
  { cycle, version = 1, tolerances = [] }: DayOrder,
  engine: Pick<Engine, 'reconcile'> = wholeEngine,
): Promise<DayCompared> {
  const { nowMs, newId } = loadParts(database.url);
  const summary = await engine.reconcile({ cycle, version, tolerances }, { database, jobs: jobsHere(2), nowMs, newId });
  const found: KeptFound[] = [];
  for await (const page of foundIn(database, summary.run)) found.push(...page);
  return { ...summary, found };
}

/** Breaks alone, one line each, for comparing runs. */
export function linesOf({ found }: Pick<DayCompared, 'found'>): readonly string[] {
  return found
    .filter(({ outcome }) => outcome === 'break')
    .map(({ breakId, dealId, code, side, deltaFen }) => `${breakId} ${dealId} ${code} ${side ?? '-'} ${deltaFen ?? ''}`)
    .sort();
}
