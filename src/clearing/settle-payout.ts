import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import type { StatusLine } from './settle-line.ts';
import type { SettlementRules } from './settlement-rules.ts';

/** What is known here of a payment that a bank names. */
export type Named = {
  readonly fen: bigint;
  /** Id of the file it stood in; a payout is in none of ours. */
  readonly messageId?: string;
  /** The accounts that a booking of it must be on. */
  readonly debited?: string;
  readonly credited?: string;
  /** How it ended; undefined: it has not. */
  readonly ended: 'settled' | 'failed' | undefined;
} & ({ readonly of: 'instruction'; readonly net: string } | { readonly of: 'payout' });

/** A deal whose money has moved: the journaled deal, and the bank's reference. */
export interface DealSettled {
  readonly message: string;
  readonly reference: string;
}

interface Payout extends Record<string, unknown> {
  readonly kind: 'delivery' | 'return';
  readonly home: Exchange;
  readonly fen: bigint;
  readonly state: 'reserved' | 'posted' | 'voided';
}

/** The payout (or, of a return, the money coming back) that is known under this end-to-end id. */
export async function payoutNamed(
  connection: Queryable,
  id: string,
  accounts: SettlementRules['accounts'],
): Promise<Named | undefined> {
  const { rows } = await connection.query<Payout>(
    'select kind, home, payout_fen as fen, state from clearing_settlement where payout = $1',
    [id],
  );
  const one = rows[0];
  if (one === undefined) return undefined;
  const { custody } = accounts[one.home];
  return {
    of: 'payout',
    fen: one.fen,
    ...(one.kind === 'delivery' ? { debited: custody } : { credited: custody }),
    ended: one.state === 'reserved' ? undefined : one.state === 'posted' ? 'settled' : 'failed',
  };
}

/** Posts all legs of the deal, or voids them all: one row ends them together. */
export async function endPayout(
  connection: Queryable,
  { names, says, reference }: StatusLine,
  at: Date,
): Promise<readonly DealSettled[]> {
  const posted = says === 'settled';
  const { rows } = await connection.query<{ message: string }>(
    `update clearing_settlement set state = $2, reference = $3, ended_at = $4 where payout = $1 returning message`,
    [names, posted ? 'posted' : 'voided', reference ?? names, at],
  );
  return posted ? rows.map(({ message }) => ({ message, reference: reference ?? names })) : [];
}
