import { transaction } from '../journal/database.ts';
import { lockBreaks } from './break.ts';
import { aged, judge } from './break-judge.ts';
import { type Absorbed, type EngineParts, keepJudged, measuresOf, PAGE, sum } from './break-keep.ts';

/**
 * What the end of a business day makes of breaks that wait: graver, escalated, no longer on the way. What was on the way
 * is closed where the other exchange has confirmed it since, with that confirmation as the proof.
 */
export async function ageBreaks(date: string, parts: EngineParts): Promise<Absorbed> {
  const tallies: Absorbed[] = [];
  for (let after = ''; ; ) {
    const { rows } = await parts.database.query<{ id: string; confirmation: string | null }>(
      `select b.id, d.confirmation from clearing_break b left join deal d on d.id = b.deal_id and b.code = 'TIM'
        where b.state not in ('posted', 'verified', 'written-off', 'closed') and b.first_seen < $1 and b.id > $2
        order by b.id limit ${PAGE}`,
      [date, after],
    );
    if (rows.length > 0) {
      const proofs = new Map(
        rows.flatMap(({ id, confirmation }) => (confirmation === null ? [] : [[id, { confirmation }] as const])),
      );
      tallies.push(
        await age(
          rows.map(({ id }) => id),
          date,
          proofs,
          parts,
        ),
      );
    }
    if (rows.length < PAGE) return sum(tallies);
    after = rows.at(-1)!.id;
  }
}

function age(
  ids: readonly string[],
  date: string,
  proofs: ReadonlyMap<string, { readonly confirmation: string }>,
  parts: EngineParts,
): Promise<Absorbed> {
  return transaction(parts.database, async (connection) => {
    const measures = measuresOf(parts);
    const known = [...(await lockBreaks(connection, ids)).values()].map(({ stands, booked }) => {
      if (!proofs.has(stands.id)) return aged(stands, date, measures);
      return judge(stands, booked, { run: stands.run, cycle: stands.lastCycle, found: undefined }, measures);
    });
    return keepJudged(connection, date, { known, proofs }, parts);
  });
}
