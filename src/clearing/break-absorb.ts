import { transaction } from '../journal/database.ts';
import { lockBreaks } from './break.ts';
import { detected, type Judged, judge } from './break-judge.ts';
import { type Absorbed, type EngineParts, keepJudged, measuresOf, PAGE, sum } from './break-keep.ts';
import { proofsOf } from './break-proof.ts';
import type { Found } from './classify.ts';
import { foundIn } from './match-found.ts';

interface Comparison {
  readonly run: string;
  readonly cycle: string;
}

/**
 * Takes over what a finished comparison found: new breaks are opened, known ones brought up to date, those that are no
 * longer found closed as 自动消除 with proof, posted ones verified and closed. Again with the same run: nothing happens,
 * so a crash on the way is made good by doing it again.
 */
export async function absorbRun(run: string, parts: EngineParts): Promise<Absorbed> {
  const { database } = parts;
  const { rows } = await database.query<{ cycle: string }>(
    'select cycle from clearing_run where id = $1 and finished_at is not null',
    [run],
  );
  if (rows[0] === undefined) throw new Error(`assertion: there is no finished comparison ${run}`);
  const comparison: Comparison = { run, cycle: rows[0].cycle };
  const tallies: Absorbed[] = [];
  for await (const page of foundIn(database, run)) {
    const found = page.filter(({ outcome }) => outcome !== 'tolerated');
    tallies.push(await takeOver(found, comparison, parts));
  }
  for (let after = ''; ; ) {
    const gone = await database.query<{ id: string }>(
      `select id from clearing_break b where last_cycle = $1 and (is_found or state <> 'closed') and id > $2 and not exists (
         select from clearing_found f where f.run = $3 and f.break_id = b.id and f.outcome <> 'tolerated')
       order by id limit ${PAGE}`,
      [comparison.cycle, after, run],
    );
    const ids = gone.rows.map(({ id }) => id);
    if (ids.length > 0) tallies.push(await letGo(ids, comparison, parts));
    if (ids.length < PAGE) return sum(tallies);
    after = ids.at(-1)!;
  }
}

function takeOver(found: readonly Found[], comparison: Comparison, parts: EngineParts): Promise<Absorbed> {
  return transaction(parts.database, async (connection) => {
    const ids = found.map(({ breakId }) => breakId);
    const before = await lockBreaks(connection, ids);
    const measures = measuresOf(parts);
    const fresh: Judged[] = [];
    const known: Judged[] = [];
    for (const one of found) {
      const there = before.get(one.breakId);
      const compared = { ...comparison, found: one };
      if (there === undefined) fresh.push(detected(one, compared, measures));
      // What a later day says of it outranks what an earlier one says again.
      else if (there.stands.lastCycle <= comparison.cycle) {
        known.push(judge(there.stands, there.booked, compared, measures));
      }
    }
    return keepJudged(connection, comparison.run, { fresh, known }, parts);
  });
}

function letGo(ids: readonly string[], comparison: Comparison, parts: EngineParts): Promise<Absorbed> {
  return transaction(parts.database, async (connection) => {
    const before = [...(await lockBreaks(connection, ids)).values()];
    const measures = measuresOf(parts);
    const known = before.map(({ stands, booked }) =>
      judge(stands, booked, { ...comparison, found: undefined }, measures),
    );
    const cleared = known.filter(({ steps }) => steps.some(({ act }) => act === 'clear'));
    const deals = cleared.map(({ after }) => after);
    const proofs = await proofsOf(connection, comparison.run, deals);
    return keepJudged(connection, comparison.run, { known, proofs }, parts);
  });
}
