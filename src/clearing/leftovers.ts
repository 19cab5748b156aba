import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { breakId, severityOf } from './codes.ts';

export interface LeftoverOrder {
  readonly run: string;
  readonly cycle: string;
  readonly version: number;
}

/** After all partitions: what only a look across deals can tell. */
export async function reviseLeftovers(database: Database, order: LeftoverOrder): Promise<void> {
  await transaction(database, (connection) => markSuspectedDuplicates(connection, order));
}

interface Twin {
  readonly breakId: string;
  readonly dealId: string;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly side: Exchange;
  readonly known: readonly string[];
}

/**
 * A row that nobody else knows, and that says of two exchanges, parties, price and day just what another row of the same
 * book says of a deal that others know: DUP~ of that book, not one book only.
 */
async function markSuspectedDuplicates(connection: Queryable, { run, cycle, version }: LeftoverOrder): Promise<void> {
  const { rows } = await connection.query<Twin & Record<string, unknown>>(
    `select f.break_id as "breakId", f.deal_id as "dealId", f.home, f.host, l.side,
            array_agg(k.deal_id order by k.deal_id) as known
       from clearing_found f
       join clearing_row l on l.deal_id = f.deal_id and l.cycle = $2 and l.cycle_version = $3 and l.ordinal = 1
                          and l.side = case f.code when 'P100' then f.home else f.host end
       join clearing_row k on k.side = l.side and k.role = l.role and k.home = l.home and k.host = l.host
                          and k.buyer = l.buyer and k.seller = l.seller and k.price_fen = l.price_fen
                          and k.business_date = l.business_date and k.deal_id <> l.deal_id
                          and k.cycle = $2 and k.cycle_version = $3 and k.ordinal = 1
      where f.run = $1 and f.code in ('P100', 'P010') and f.outcome = 'break'
        and exists (select from clearing_row o where o.deal_id = k.deal_id and o.side in ('journal', k.home, k.host)
                       and o.side <> k.side and o.cycle = $2 and o.cycle_version = $3)
      group by f.break_id, f.deal_id, f.home, f.host, l.side`,
    [run, cycle, version],
  );
  for (const { breakId: before, dealId, home, host, side, known } of rows) {
    const after = breakId({ home, host, dealId, code: 'DUP~', side });
    const severity = severityOf('DUP~', { amountFen: 0n, isFinal: false });
    const suggestion = known.slice(0, 3).map((deal, at) => ({
      kind: 'DUP~',
      rank: at + 1,
      ambiguous: known.length > 1,
      deals: [deal],
      reasons: [{ zh: '交易方、价款、日期与该成交相同', en: 'the parties, price and day of that deal' }],
    }));
    await connection.query(
      `update clearing_found set break_id = $3, code = 'DUP~', codes = '{DUP~}' || array_remove(codes, code), side = $4,
              severity = $5, blame = $4, suggestions = $6 where run = $1 and break_id = $2`,
      [run, before, after, side, severity, JSON.stringify(suggestion)],
    );
  }
}
