import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import type { Tally } from './match-tally.ts';

const PAGE = 1000;

/** The rows of one statement in pages, however many; within a transaction, and one statement after the other. */
export async function* pagesOf<Row extends object>(
  connection: Queryable,
  text: string,
  values: readonly unknown[],
): AsyncGenerator<readonly Row[], void, void> {
  await connection.query(`declare report_rows no scroll cursor for ${text}`, values);
  try {
    for (;;) {
      const { rows } = await connection.query<Row & Record<string, unknown>>(`fetch ${PAGE} from report_rows`);
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE) return;
    }
  } finally {
    // Where a statement has failed, the transaction is over and so is the cursor; that failure is the one to tell.
    await connection.query('close report_rows').catch(() => {});
  }
}

/** The comparison that a day's reports are made from. */
export interface Compared {
  readonly run: string;
  readonly version: number;
  readonly resultSha256: string;
  readonly counts: { readonly tally: Tally };
}

/** The one that counts for the day, or where the day is not being closed the last that ended; refused: there is none. */
export async function comparedFor(connection: Queryable, cycle: string): Promise<Checked<Compared>> {
  const { rows } = await connection.query<Compared & Record<string, unknown>>(
    `select r.id as run, r.version, r.result_sha256 as "resultSha256", r.counts from clearing_run r
       left join clearing_cycle c on c.run = r.id
      where r.cycle = $1 and r.finished_at is not null order by c.cycle is null, r.started_at desc, r.id limit 1`,
    [cycle],
  );
  return rows[0] === undefined ? refused(refuse('state-forbids', '/cycle', cycle)) : accepted(rows[0]);
}

/** Fen of a sum that the database gives as text. */
export function fenOf(text: string | null): bigint {
  return BigInt(text ?? '0');
}
