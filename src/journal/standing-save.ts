import type { Queryable } from './database.ts';
import { insertRows } from './rows.ts';
import type { Standing } from './standing.ts';

/**
 * Writes everything that changed, one statement for each table that did. They are sent together and run in this
 * order: an asset is given up before it is taken again.
 */
export async function saveStanding(connection: Queryable, standing: Standing, at: Date): Promise<void> {
  const { changed } = standing;
  const given = [...changed.awardsGiven];
  await Promise.all([
    saveListings(connection, standing, at),
    saveInterests(connection, standing, at),
    saveDeals(connection, standing, at),
    saveVersions(
      connection,
      'listing_version',
      changed.versions.filter(({ deal }) => !deal),
    ),
    saveVersions(
      connection,
      'deal_version',
      changed.versions.filter(({ deal }) => deal),
    ),
    given.length === 0 ? undefined : connection.query('delete from award where asset = any($1)', [given]),
    insertRows(
      connection,
      'award',
      { asset: 'text', deal: 'text' },
      [...changed.awardsTaken].map(([asset, deal]) => ({ asset, deal })),
    ),
    insertRows(
      connection,
      'sale',
      { asset: 'text', sold_on: 'date' },
      [...changed.sales].map((asset) => ({ asset, sold_on: standing.sales.get(asset)! })),
      'on conflict (asset) do update set sold_on = greatest(sale.sold_on, excluded.sold_on)',
    ),
    insertRows(
      connection,
      'bid',
      { id: 'text', listing: 'text', host: 'text', amount_fen: 'bigint', message: 'uuid' },
      changed.bids.map(({ amountFen, ...row }) => ({ ...row, amount_fen: amountFen })),
    ),
    insertRows(
      connection,
      'funds',
      { id: 'text', deal: 'text', interest: 'text', leg: 'text', amount_fen: 'bigint', message: 'uuid' },
      changed.funds.map(({ amountFen, ...row }) => ({ ...row, amount_fen: amountFen })),
    ),
  ]);
}

const LISTING = {
  id: 'text',
  home: 'text',
  version: 'integer',
  status: 'text',
  title: 'text',
  mode: 'text',
  message: 'uuid',
  state_at: 'timestamptz',
  hosts: 'text[]',
  assets: 'text[]',
  updated_at: 'timestamptz',
} as const;

async function saveListings(connection: Queryable, { changed, listings }: Standing, at: Date): Promise<void> {
  const rows = [...changed.listings].map((id) => {
    const { stateAt, content: _, ...row } = listings.get(id)!;
    return { ...row, state_at: stateAt, updated_at: at };
  });
  const kept = `version = excluded.version, status = excluded.status, title = excluded.title, mode = excluded.mode,
    message = excluded.message, state_at = excluded.state_at, hosts = excluded.hosts, assets = excluded.assets,
    updated_at = excluded.updated_at`;
  await insertRows(connection, 'listing', LISTING, rows, `on conflict (id) do update set ${kept}`);
}

const INTEREST = {
  id: 'text',
  listing: 'text',
  host: 'text',
  buyer_key: 'text',
  status: 'text',
  message: 'uuid',
  updated_at: 'timestamptz',
} as const;

async function saveInterests(connection: Queryable, { changed, interests }: Standing, at: Date): Promise<void> {
  const rows = [...changed.interests].map((id) => {
    const { buyerKey, ...row } = interests.get(id)!;
    return { ...row, buyer_key: buyerKey, updated_at: at };
  });
  const kept = 'status = excluded.status, updated_at = excluded.updated_at';
  await insertRows(connection, 'interest', INTEREST, rows, `on conflict (id) do update set ${kept}`);
}

const DEAL = {
  id: 'text',
  version: 'integer',
  listing: 'text',
  home: 'text',
  host: 'text',
  status: 'text',
  price_fen: 'bigint',
  due_fen: 'bigint',
  paid_fen: 'bigint',
  digest: 'bytea',
  message: 'uuid',
  confirmation: 'uuid',
  updated_at: 'timestamptz',
} as const;

async function saveDeals(connection: Queryable, { changed, deals }: Standing, at: Date): Promise<void> {
  const rows = [...changed.deals].map((id) => {
    const { priceFen, dueFen, paidFen, digest, ...row } = deals.get(id)!;
    const amounts = { price_fen: priceFen, due_fen: dueFen, paid_fen: paidFen };
    return { ...row, ...amounts, digest: Buffer.from(digest, 'hex'), updated_at: at };
  });
  const kept = `version = excluded.version, status = excluded.status, price_fen = excluded.price_fen,
    due_fen = excluded.due_fen, paid_fen = excluded.paid_fen, digest = excluded.digest, message = excluded.message,
    confirmation = excluded.confirmation, updated_at = excluded.updated_at`;
  await insertRows(connection, 'deal', DEAL, rows, `on conflict (id) do update set ${kept}`);
}

async function saveVersions(
  connection: Queryable,
  table: 'listing_version' | 'deal_version',
  versions: Standing['changed']['versions'],
): Promise<void> {
  const rows = versions.map(({ id, version, digest }) => ({ id, version, digest: Buffer.from(digest, 'hex') }));
  const columns = { id: 'text', version: 'integer', digest: 'bytea' } as const;
  await insertRows(connection, table, columns, rows, 'on conflict do nothing');
}
