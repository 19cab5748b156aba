import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { cellBytes } from './sketch.ts';
import type { AskedSide } from './standing-compare.ts';
import { DEAL, rowFor, type StandingDeal } from './standing-deal.ts';
import { readSketch } from './standing-sketches.ts';

/** The journal as one side of a look, and the leaves of its log that it stands on. */
export interface JournalSide extends AskedSide {
  readonly leaf: bigint;
}

const OF_EXCHANGE = '$1 in (home, host) and (case home when $1 then home_symbol else host_symbol end)';

/**
 * The journal's side of an exchange's session, as it stands: its cells are of one moment. A row that changes after that is
 * no longer found by its symbol, and is for the next look.
 */
export async function openJournalSide(database: Database, exchange: Exchange): Promise<JournalSide> {
  const { sketch, leaf } = await transaction(
    database,
    async (connection) => ({ sketch: await readSketch(connection, exchange), leaf: await standsAt(connection) }),
    'repeatable read',
  );
  if (sketch === undefined) throw new Error(`assertion: no session with ${exchange}`);
  return {
    leaf,
    set: { secret: sketch.secret, since: sketch.since, form: 'stated' },
    side: {
      sketch: async (_set, from, to) => ({ rows: Number(sketch.rows), cells: cellBytes(sketch.sketch, from, to) }),
      symbols: async () => {
        const { rows } = await database.query<{ symbol: Buffer }>(
          `select case home when $1 then home_symbol else host_symbol end as symbol from clearing_standing_deal
            where ${OF_EXCHANGE} is not null`,
          [exchange],
        );
        return rows.map(({ symbol }) => symbol);
      },
      rows: async (_set, symbols) => {
        const { rows } = await database.query<StandingDeal & Record<string, unknown>>(
          `select ${DEAL} from clearing_standing_deal
            where home = $1 and home_symbol = any($2) or host = $1 and host_symbol = any($2)`,
          [exchange, symbols.map((symbol) => Buffer.from(symbol))],
        );
        return rows.map((deal) => ({
          symbol: (deal.home === exchange ? deal.homeSymbol : deal.hostSymbol)!,
          row: rowFor(deal, exchange)!,
        }));
      },
    },
  };
}

/** The leaves of the log that deals and sketches stand on. */
export async function standsAt(connection: Queryable): Promise<bigint> {
  const { rows } = await connection.query<{ leaf: bigint }>('select leaf from clearing_standing_mark');
  return rows[0]!.leaf;
}

/** What the journal knows of these deals; `in-flight`: the host has not confirmed it yet. */
export async function knownDeals(
  connection: Queryable,
  dealIds: readonly string[],
): Promise<ReadonlyMap<string, 'known' | 'in-flight'>> {
  const { rows } = await connection.query<{ id: string; waits: boolean }>(
    'select deal_id as id, concluded and not confirmed as waits from clearing_standing_deal where deal_id = any($1)',
    [dealIds],
  );
  return new Map(rows.map(({ id, waits }) => [id, waits ? 'in-flight' : 'known']));
}
