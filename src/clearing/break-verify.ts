import { transaction } from '../journal/database.ts';
import { lockBreaks } from './break.ts';
import { comparedAgain } from './break-judge.ts';
import { type Absorbed, type EngineParts, keepJudged, measuresOf, PAGE, sum } from './break-keep.ts';

/**
 * Holds everything posted against what was last found, without comparing the books anew: what comes to zero is verified
 * and closed (复对平, 已平账), the rest comes back to the desk.
 */
export async function verifyPosted(parts: EngineParts): Promise<Absorbed> {
  const tallies: Absorbed[] = [];
  for (let after = ''; ; ) {
    const { rows } = await parts.database.query<{ id: string }>(
      `select id from clearing_break where state in ('posted', 'written-off') and id > $1 order by id limit ${PAGE}`,
      [after],
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) {
      const tally = await transaction(parts.database, async (connection) => {
        const measures = measuresOf(parts);
        const known = [...(await lockBreaks(connection, ids)).values()];
        const judged = known.map(({ stands, booked }) => comparedAgain(stands, booked, measures));
        return keepJudged(connection, 'posted', { known: judged }, parts);
      });
      tallies.push(tally);
    }
    if (ids.length < PAGE) return sum(tallies);
    after = ids.at(-1)!;
  }
}
