import { transaction } from '../journal/database.ts';
import { lockBreaks } from './break.ts';
import { detected, judge } from './break-judge.ts';
import { type Absorbed, type EngineParts, keepJudged, measuresOf, PAGE, sum } from './break-keep.ts';
import { proofsOf } from './break-proof.ts';
import type { Judged } from './break-walk.ts';
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
  for (const text of [NO_LONGER_FOUND, ARRIVED_LATE]) {
    for (let after = ''; ; ) {
      const { rows } = await database.query<{ id: string }>(text, [run, comparison.cycle, after, PAGE]);
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) tallies.push(await letGo(ids, comparison, parts));
      if (ids.length < PAGE) break;
      after = ids.at(-1)!;
    }
  }
  return sum(tallies);
}

const NO_LONGER_FOUND = `
  select id from clearing_break b
   where last_cycle = $2 and (is_found or state <> 'closed') and id > $3 and not exists (
     select from clearing_found f where f.run = $1 and f.break_id = b.id and f.outcome <> 'tolerated')
   order by id limit $4`;

/** Rows that an earlier day lacked and this day's books bring (跨日切): the difference in days is a break of its own. */
const ARRIVED_LATE = `
  select b.id from clearing_break b, clearing_run r
   where r.id = $1 and b.last_cycle < $2 and b.code in ('P101', 'P011', 'P001') and (b.is_found or b.state <> 'closed')
     and b.id > $3 and not exists (
       select from unnest(case b.code when 'P101' then array[b.host] when 'P011' then array[b.home]
                            else array[b.home, b.host] end) as missing(side)
        where not exists (select from clearing_row w where w.deal_id = b.deal_id and w.side = missing.side
                             and w.ordinal = 1 and w.cycle = r.cycle and w.cycle_version = r.version))
   order by b.id limit $4`;

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
