import { createHash } from 'node:crypto';
import type { Json } from '../contract/json.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { libraryCalendars, workingDaysBetween } from '../rules/calendar.ts';
import { classify, type Rules } from './classify.ts';
import { codes } from './codes.ts';
import { type Equal, matchPartition } from './match.ts';
import { keepFound } from './match-found.ts';
import { type Tally, Tallying } from './match-tally.ts';
import { readTolerances } from './tolerance.ts';

/** One partition of one run: all that whoever compares it must be told. Plain JSON. */
export interface Part {
  readonly run: string;
  readonly partition: number;
}

/** What comparing it came to. Plain JSON. */
export interface Compared {
  readonly tally: Tally;
  readonly equal: readonly Equal[];
}

/**
 * Compares one partition of a run that has been begun, here or on any machine of the same database. Its findings and its
 * answer stand together or not at all: called again, also at the same time, it gives the answer that stands.
 *
 * Throws where the run was begun by other rules than this program's.
 */
export async function comparePart(database: Database, part: Part): Promise<Compared> {
  return transaction(database, async (connection) => {
    // Another may be at it: its end is waited for, however long the statement may take.
    await connection.query('set local lock_timeout = 0');
    await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `clearing/${part.run}/${part.partition}`,
    ]);
    const [kept] = (
      await connection.query<{ tally: Tally; equal: readonly Equal[] }>(
        'select tally, equal from clearing_part where run = $1 and partition = $2',
        [part.run, part.partition],
      )
    ).rows;
    if (kept !== undefined) return kept;
    const compared = await compareNow(connection, part);
    await connection.query('insert into clearing_part (run, partition, tally, equal) values ($1, $2, $3, $4)', [
      ...[part.run, part.partition, JSON.stringify(compared.tally), JSON.stringify(compared.equal)],
    ]);
    return compared;
  });
}

async function compareNow(connection: Queryable, { run, partition }: Part): Promise<Compared> {
  const { cycle, version, rules } = await orderOf(connection, run);
  const tallying = new Tallying();
  const equal = await matchPartition(connection, { cycle, version, partition }, async (deals) => {
    const found = deals.map((deal) => [deal, classify(deal, rules)] as const);
    for (const [deal, findings] of found) tallying.deal(deal, findings);
    const flat = found.flatMap(([deal, findings]) => findings.map((one) => [one, deal] as const));
    await keepFound(connection, run, flat);
  });
  for (const one of equal) tallying.equal(one);
  return { tally: tallying.total(), equal };
}

async function orderOf(connection: Queryable, run: string) {
  const { rows } = await connection.query<{ cycle: string; version: number; sha256: string; tolerances: Json }>(
    'select cycle, version, rules_sha256 as sha256, tolerances from clearing_run where id = $1',
    [run],
  );
  const [begun] = rows;
  if (begun === undefined) throw new Error(`no run ${run} has been begun`);
  const { cycle, version, sha256 } = begun;
  const tolerances = readTolerances(begun.tolerances);
  if (!tolerances.ok || rulesSha256(begun.tolerances) !== sha256) {
    throw new Error(`the run ${run} was begun by other rules than this program's`);
  }
  const rules: Rules = { date: cycle, tolerances: tolerances.value, isOverdue: (date) => isOverdue(date, cycle) };
  return { cycle, version, rules };
}

/** What a run compares by: the codes with their order, and the tolerances as written. */
export function rulesSha256(tolerances: Json): string {
  return createHash('sha256')
    .update(JSON.stringify({ codes: Object.keys(codes), tolerances }))
    .digest('hex');
}

/** A deal is confirmed within one working day; where the calendar says nothing of the year, the day after is late. */
function isOverdue(businessDate: string, cycle: string): boolean {
  return (workingDaysBetween(libraryCalendars.statutory, businessDate, cycle) ?? Number(cycle > businessDate)) >= 1;
}
