import type { Exchange } from '../contract/exchange.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from './database.ts';

/** Somebody wants a dead letter to go out again. */
export interface Proposal {
  readonly by: string;
  readonly at: Date;
}

/**
 * Puts a dead letter forward for another try; what was put forward before stands, whoever it was. Undefined: there is no
 * such dead letter.
 */
export async function proposeRedrive(
  connection: Queryable,
  delivery: bigint,
  { by, at }: Proposal,
): Promise<Proposal | undefined> {
  // The lock keeps it dead until this is committed.
  const { rowCount } = await connection.query(`select from delivery where no = $1 and state = 'dead' for update`, [
    delivery,
  ]);
  if (rowCount === 0) return undefined;
  const { rows } = await connection.query<{ by: string; at: Date }>(
    `insert into redrive as r (delivery, proposed_by, proposed_at) values ($1, $2, $3)
     on conflict (delivery) where approved_by is null do update set proposed_by = r.proposed_by
     returning proposed_by as by, proposed_at as at`,
    [delivery, by, at],
  );
  return rows[0];
}

/**
 * Lets a dead letter go that somebody else put forward: same message, same bytes, and the exchange is asked first, for an
 * earlier attempt may have arrived. Undefined: nobody has put it forward, or it is dead no more.
 */
export async function approveRedrive(
  connection: Queryable,
  delivery: bigint,
  { by, at }: Proposal,
): Promise<Checked<Exchange> | undefined> {
  const { rows } = await connection.query<{ no: bigint; by: string }>(
    `select r.no, r.proposed_by as by from redrive r join delivery d on d.no = r.delivery and d.state = 'dead'
      where r.delivery = $1 and r.approved_by is null for update`,
    [delivery],
  );
  if (rows[0] === undefined) return undefined;
  // The table refuses it, too (redrive_four_eyes).
  if (rows[0].by === by) return refused(refuse('same-operator'));
  await connection.query('update redrive set approved_by = $2, approved_at = $3 where no = $1', [rows[0].no, by, at]);
  const gone = await connection.query<{ exchange: Exchange }>(
    `update delivery set state = 'in-doubt', attempts = 0, due_at = $2, finished_at = null where no = $1
     returning exchange`,
    [delivery, at],
  );
  return accepted(gone.rows[0]!.exchange);
}
