import type { Queryable } from '../journal/database.ts';

/** One comparison of a day, as people look it up. */
export interface Run {
  readonly id: string;
  readonly cycle: string;
  readonly version: number;
  readonly rulesSha256: string;
  /** Null, as the rest: it has not ended. */
  readonly resultSha256: string | null;
  /** Rows and sums by side and fate, breaks by code: as reconcile.ts counted them. */
  readonly counts: Readonly<Record<string, unknown>> | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

/** Every comparison of a day, the newest first. */
export async function runsOf(connection: Queryable, cycle: string): Promise<readonly Run[]> {
  const { rows } = await connection.query<Run & Record<string, unknown>>(
    `select id, cycle, version, rules_sha256 as "rulesSha256", result_sha256 as "resultSha256", counts,
            started_at as "startedAt", finished_at as "finishedAt"
       from clearing_run where cycle = $1 order by started_at desc, id limit 100`,
    [cycle],
  );
  return rows;
}
