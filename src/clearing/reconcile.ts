import { createHash } from 'node:crypto';
import type { Exchange } from '../contract/exchange.ts';
import type { Database } from '../journal/database.ts';
import type { BreakCode } from './codes.ts';
import { comparePart, type Part, rulesSha256 } from './compare-part.ts';
import type { Jobs } from './jobs.ts';
import { reviseLeftovers } from './leftovers.ts';
import { type Equal, PARTITIONS } from './match.ts';
import { clearedSince, resultDigest } from './match-found.ts';
import { type Tally, Tallying } from './match-tally.ts';
import { type Tolerance, writeTolerances } from './tolerance.ts';

export interface ReconcileOrder {
  readonly cycle: string;
  /** Of the rows in `clearing_row`. */
  readonly version: number;
  readonly tolerances: readonly Tolerance[];
}

export interface ReconcileParts {
  readonly database: Database;
  readonly jobs: Jobs;
  nowMs(): number;
  newId(): string;
  /** Called as each partition ends. */
  progress?(done: number, of: number): void;
}

/** Differences within tolerance of one side (null: of the deals as a whole). Fen as text. */
export interface Tolerated {
  readonly side: Exchange | null;
  readonly deals: number;
  /** Book minus journal, signed: what letting them pass costs. */
  readonly deltaFen: string;
  /** The same without signs: what compensates does not vanish. */
  readonly grossFen: string;
}

/** What a comparison came to. */
export interface RunSummary {
  readonly run: string;
  readonly cycle: string;
  readonly version: number;
  readonly rulesSha256: string;
  readonly resultSha256: string;
  readonly tally: Tally;
  readonly equal: readonly Equal[];
  /** Breaks by primary code, only those there are. */
  readonly breaks: Readonly<Partial<Record<BreakCode, number>>>;
  /** What was let pass, by whose book. */
  readonly tolerated: readonly Tolerated[];
  /** Ids of breaks of the run before that are gone. */
  readonly cleared: readonly string[];
}

/** Compares the three loaded books of a business day and keeps what is not equal. Faults of the database are thrown. */
export async function reconcile(order: ReconcileOrder, parts: ReconcileParts): Promise<RunSummary> {
  const { database } = parts;
  const { cycle, version } = order;
  const run = parts.newId();
  const tolerances = writeTolerances(order.tolerances);
  const rules = rulesSha256(tolerances);
  const [before] = (
    await database.query<{ id: string }>(
      'select id from clearing_run where cycle = $1 and finished_at is not null order by started_at desc, id limit 1',
      [cycle],
    )
  ).rows;
  await database.query(
    `insert into clearing_run (id, cycle, version, rules_sha256, tolerances, started_at)
     values ($1, $2, $3, $4, $5, to_timestamp($6 / 1000.0))`,
    [run, cycle, version, rules, JSON.stringify(tolerances), parts.nowMs()],
  );
  await database.query('select analyze_clearing_rows()');
  let done = 0;
  const answers = await parts.jobs.run(
    `clearing/${cycle}/${version}/${run}`,
    Array.from({ length: PARTITIONS }, (_, partition): Part => ({ run, partition })),
    async (part) => {
      const compared = await comparePart(database, part);
      parts.progress?.(++done, PARTITIONS);
      return compared;
    },
  );
  await reviseLeftovers(database, { run, cycle, version });
  const tallying = new Tallying();
  for (const { tally } of answers) tallying.add(tally);
  const equal = answers.flatMap(({ equal }) => equal);
  const tally = tallying.total();
  const breaks = await breaksByCode(database, run);
  const tolerated = await toleratedBySide(database, run);
  const counts = JSON.stringify({ tally, equal: sha256Of(equal), breaks, tolerated });
  const resultSha256 = await resultDigest(database, run, counts);
  const cleared = before === undefined ? [] : await clearedSince(database, before.id, run);
  await database.query(
    `update clearing_run set result_sha256 = $2, counts = $3, finished_at = to_timestamp($4 / 1000.0) where id = $1`,
    [run, resultSha256, counts, parts.nowMs()],
  );
  return { run, cycle, version, rulesSha256: rules, resultSha256, tally, equal, breaks, tolerated, cleared };
}

async function breaksByCode(database: Database, run: string): Promise<RunSummary['breaks']> {
  const { rows } = await database.query<{ code: BreakCode; count: bigint }>(
    `select code, count(*) as count from clearing_found where run = $1 and outcome = 'break' group by code order by code`,
    [run],
  );
  return Object.fromEntries(rows.map(({ code, count }) => [code, Number(count)]));
}

async function toleratedBySide(database: Database, run: string): Promise<readonly Tolerated[]> {
  const { rows } = await database.query<Tolerated & Record<string, unknown>>(
    `select side, count(*)::int as deals, coalesce(sum(delta_fen), 0)::text as "deltaFen",
            coalesce(sum(abs(delta_fen)), 0)::text as "grossFen"
       from clearing_found where run = $1 and outcome = 'tolerated' group by side order by side`,
    [run],
  );
  return rows;
}

function sha256Of(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
