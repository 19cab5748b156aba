import type { Queryable } from '../journal/database.ts';

/** A deal's settlement with its legs, which have ended as it has. */
export interface Settlement {
  readonly dealId: string;
  readonly kind: 'delivery' | 'return';
  readonly attempt: number;
  readonly cycle: string;
  readonly home: string;
  readonly host: string;
  readonly state: 'reserved' | 'posted' | 'voided';
  /** The end-to-end id under which the home's bank pays, and how much. */
  readonly payout: string;
  readonly payoutFen: bigint;
  readonly reference: string | null;
  readonly legs: readonly {
    readonly leg: 'title' | 'price' | 'home-fee' | 'host-fee';
    readonly payer: string;
    readonly payee: string;
    /** Fen as text; null: the title. */
    readonly fen: string | null;
  }[];
}

/** Settlements of deals, in the order of their payouts after `after`; those of one state, of one deal, of one day. */
export async function settlementsOf(
  connection: Queryable,
  filter: { readonly state?: Settlement['state']; readonly deal?: string; readonly cycle?: string },
  { after = '', limit }: { readonly after?: string; readonly limit: number },
): Promise<readonly Settlement[]> {
  const { rows } = await connection.query<Settlement & Record<string, unknown>>(
    `select deal_id as "dealId", kind, attempt, cycle, home, host, state, payout, payout_fen as "payoutFen", reference,
            (select json_agg(json_build_object('leg', leg, 'payer', payer, 'payee', payee, 'fen', fen::text) order by leg)
               from clearing_leg l where (l.deal_id, l.kind, l.attempt) = (s.deal_id, s.kind, s.attempt)) as legs
       from clearing_settlement s
      where s.payout > $1 and s.state = coalesce($2, s.state) and s.deal_id = coalesce($3, s.deal_id)
        and s.cycle = coalesce($4, s.cycle)
      order by s.payout limit $5`,
    [after, filter.state ?? null, filter.deal ?? null, filter.cycle ?? null, limit],
  );
  return rows;
}
