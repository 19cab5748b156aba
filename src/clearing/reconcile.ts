import { createHash } from 'node:crypto';
import type { Database } from '../journal/database.ts';
import { libraryCalendars, workingDaysBetween } from '../rules/calendar.ts';
import { classify, type Rules } from './classify.ts';
import { type BreakCode, codes } from './codes.ts';
import type { Jobs } from './jobs.ts';
import { reviseLeftovers } from './leftovers.ts';
import { type Equal, matchPartition, PARTITIONS } from './match.ts';
import { clearedSince, keepFound, resultDigest } from './match-found.ts';
import { type Tally, Tallying } from './match-tally.ts';
import type { Tolerance } from './tolerance.ts';

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
  /** Ids of breaks of the run before that are gone. */
  readonly cleared: readonly string[];
}

/** Compares the three loaded books of a business day and keeps what is not equal. Faults of the database are thrown. */
export async function reconcile(order: ReconcileOrder, parts: ReconcileParts): Promise<RunSummary> {
  const { database } = parts;
  const { cycle, version } = order;
  const run = parts.newId();
  const rulesSha256 = sha256Of({ codes: Object.keys(codes), tolerances: order.tolerances });
  const [before] = (
    await database.query<{ id: string }>(
      'select id from clearing_run where cycle = $1 and finished_at is not null order by started_at desc, id limit 1',
      [cycle],
    )
  ).rows;
  await database.query(
    `insert into clearing_run (id, cycle, version, rules_sha256, started_at)
     values ($1, $2, $3, $4, to_timestamp($5 / 1000.0))`,
    [run, cycle, version, rulesSha256, parts.nowMs()],
  );
  await database.query('select analyze_clearing_rows()');
  let done = 0;
  const answers = await parts.jobs.run(
    `clearing/${cycle}/${version}`,
    Array.from({ length: PARTITIONS }, (_, partition) => partition),
    async (partition) => {
      const answer = await comparePartition(order, run, partition, database);
      parts.progress?.(++done, PARTITIONS);
      return answer;
    },
  );
  await reviseLeftovers(database, { run, cycle, version });
  const tallying = new Tallying();
  for (const { tally } of answers) tallying.add(tally);
  const equal = answers.flatMap(({ equal }) => equal);
  const tally = tallying.total();
  const breaks = await breaksByCode(database, run);
  const counts = JSON.stringify({ tally, equal: sha256Of(equal), breaks });
  const resultSha256 = await resultDigest(database, run, counts);
  const cleared = before === undefined ? [] : await clearedSince(database, before.id, run);
  await database.query(
    `update clearing_run set result_sha256 = $2, counts = $3, finished_at = to_timestamp($4 / 1000.0) where id = $1`,
    [run, resultSha256, counts, parts.nowMs()],
  );
  return { run, cycle, version, rulesSha256, resultSha256, tally, equal, breaks, cleared };
}

async function comparePartition(
  { cycle, version, tolerances }: ReconcileOrder,
  run: string,
  partition: number,
  database: Database,
): Promise<{ readonly tally: Tally; readonly equal: readonly Equal[] }> {
  const rules: Rules = { date: cycle, tolerances, isOverdue: (date) => isOverdue(date, cycle) };
  const tallying = new Tallying();
  const equal = await matchPartition(database, { cycle, version, partition }, async (deals, connection) => {
    const found = deals.map((deal) => [deal, classify(deal, rules)] as const);
    for (const [deal, findings] of found) tallying.deal(deal, findings);
    const flat = found.flatMap(([deal, findings]) => findings.map((one) => [one, deal] as const));
    await keepFound(connection, run, flat);
  });
  for (const one of equal) tallying.equal(one);
  return { tally: tallying.total(), equal };
}

/** A deal is confirmed within one working day; where the calendar says nothing of the year, the day after is late. */
function isOverdue(businessDate: string, cycle: string): boolean {
  return (workingDaysBetween(libraryCalendars.statutory, businessDate, cycle) ?? Number(cycle > businessDate)) >= 1;
}

async function breaksByCode(database: Database, run: string): Promise<RunSummary['breaks']> {
  const { rows } = await database.query<{ code: BreakCode; count: bigint }>(
    `select code, count(*) as count from clearing_found where run = $1 and outcome = 'break' group by code order by code`,
    [run],
  );
  return Object.fromEntries(rows.map(({ code, count }) => [code, Number(count)]));
}

function sha256Of(value: unknown): string {
  const text = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));
  return createHash('sha256').update(text).digest('hex');
}
