import type { Queryable } from '../journal/database.ts';
import type { Break } from './break.ts';
import type { Proofs } from './break-keep.ts';

/**
 * Why breaks are gone, by break: the comparison with its digest, what the three say of the deal now, and under what
 * other breaks it stands in the same comparison. No rows: nobody names the deal any more.
 */
export async function proofsOf(connection: Queryable, run: string, gone: readonly Break[]): Promise<Proofs> {
  if (gone.length === 0) return new Map();
  const deals = [...new Set(gone.map(({ dealId }) => dealId))];
  const { rows } = await connection.query<{
    result: string;
    deal: string;
    says: readonly object[];
    others: readonly Other[];
  }>(
    `select r.result_sha256 as result, d.id as deal,
            (select coalesce(json_agg(json_build_object('side', w.side, 'state', w.state, 'buyer', w.buyer, 'seller', w.seller,
                      'priceFen', w.price_fen::text, 'feeFen', w.fee_fen::text, 'businessDate', w.business_date,
                      'nativeNumber', w.native_number, 'line', w.line) order by w.side, w.ordinal), '[]')
               from clearing_row w
              where w.cycle = r.cycle and w.cycle_version = r.version and w.deal_id = d.id) as says,
            (select coalesce(json_agg(json_build_object('id', f.break_id, 'outcome', f.outcome) order by f.break_id), '[]')
               from clearing_found f where f.run = r.id and f.deal_id = d.id) as others
       from clearing_run r, unnest($2::text[]) as d(id) where r.id = $1`,
    [run, deals],
  );
  const byDeal = new Map(rows.map(({ deal, ...rest }) => [deal, rest]));
  return new Map(
    gone.map(({ id, dealId }) => {
      const { result, says, others } = byDeal.get(dealId)!;
      return [id, { run, result, says, now: others }];
    }),
  );
}

interface Other {
  readonly id: string;
  readonly outcome: string;
}
