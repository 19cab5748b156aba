import type { Queryable } from '../journal/database.ts';
import type { Entry } from './adjustment.ts';

/** What is booked at once: reversals and new entries, each of an approved proposal. */
export interface NewAdjustment {
  readonly breakId: string;
  readonly proposal: bigint;
  readonly reverses: bigint | null;
  readonly entries: readonly Entry[];
  readonly postedBy: string;
  readonly at: Date;
}

export async function bookAdjustments(connection: Queryable, adjustments: readonly NewAdjustment[]): Promise<void> {
  if (adjustments.length === 0) return;
  await connection.query(
    `insert into clearing_adjustment (break_id, proposal, reverses, accounts, amounts_fen, posted_by, at)
     select b, p, r, a::text[], f::bigint[], by, at
       from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
         as t(b, p, r, a, f, by, at)`,
    [
      adjustments.map(({ breakId }) => breakId),
      adjustments.map(({ proposal }) => proposal),
      adjustments.map(({ reverses }) => reverses),
      adjustments.map(({ entries }) => `{${entries.map(({ account }) => `"${account}"`).join()}}`),
      adjustments.map(({ entries }) => `{${entries.map(({ amountFen }) => amountFen).join()}}`),
      adjustments.map(({ postedBy }) => postedBy),
      adjustments.map(({ at }) => at),
    ],
  );
}
