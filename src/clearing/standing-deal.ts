import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { insertRows } from '../journal/rows.ts';
import type { StandingRow } from './standing-row.ts';

/** A deal as the journal has it, and what stands for it in the sketches of its two exchanges. */
export interface StandingDeal {
  readonly dealId: string;
  readonly version: number;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly state: StandingRow['state'];
  readonly buyer: string;
  readonly seller: string;
  readonly priceFen: bigint;
  readonly homeFeeFen: bigint;
  readonly hostFeeFen: bigint;
  readonly businessDate: string;
  readonly concluded: boolean;
  readonly confirmed: boolean;
  readonly leaf: bigint;
  readonly homeSymbol: Buffer | null;
  readonly hostSymbol: Buffer | null;
}

/** The columns of a {@link StandingDeal}. */
export const DEAL = `deal_id as "dealId", version, home, host, state, buyer, seller, price_fen as "priceFen",
  home_fee_fen as "homeFeeFen", host_fee_fen as "hostFeeFen", business_date as "businessDate", concluded, confirmed, leaf,
  home_symbol as "homeSymbol", host_symbol as "hostSymbol"`;

/** What an exchange's books must say of a deal; nothing where it has no part in it. */
export function rowFor(deal: StandingDeal, exchange: Exchange): StandingRow | undefined {
  if (exchange !== deal.home && exchange !== deal.host) return undefined;
  return { ...deal, ordinal: 1, feeFen: exchange === deal.home ? deal.homeFeeFen : deal.hostFeeFen };
}

/** Writes deals down in place of what was known of them. */
export async function keepDeals(connection: Queryable, deals: readonly StandingDeal[]): Promise<void> {
  const columns = {
    deal_id: 'text',
    version: 'int',
    home: 'text',
    host: 'text',
    state: 'text',
    buyer: 'text',
    seller: 'text',
    price_fen: 'bigint',
    home_fee_fen: 'bigint',
    host_fee_fen: 'bigint',
    business_date: 'date',
    concluded: 'boolean',
    confirmed: 'boolean',
    leaf: 'bigint',
    home_symbol: 'bytea',
    host_symbol: 'bytea',
  };
  const changed = Object.keys(columns).map((name) => `${name} = excluded.${name}`);
  await insertRows(
    connection,
    'clearing_standing_deal',
    columns,
    deals.map((deal) => ({
      deal_id: deal.dealId,
      version: deal.version,
      home: deal.home,
      host: deal.host,
      state: deal.state,
      buyer: deal.buyer,
      seller: deal.seller,
      price_fen: deal.priceFen,
      home_fee_fen: deal.homeFeeFen,
      host_fee_fen: deal.hostFeeFen,
      business_date: deal.businessDate,
      concluded: deal.concluded,
      confirmed: deal.confirmed,
      leaf: deal.leaf,
      home_symbol: deal.homeSymbol,
      host_symbol: deal.hostSymbol,
    })),
    `on conflict (deal_id) do update set ${changed.join(', ')}`,
  );
}
