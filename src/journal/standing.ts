import type { Exchange } from '../contract/exchange.ts';
import type { Deal, Listing, ListingState } from '../contract/message.ts';
import type { Queryable } from './database.ts';
import { payloadOf } from './payload.ts';
import { insertRows } from './rows.ts';
import { lastSales } from './waiting.ts';

/** A listing as it stands. */
export interface ListingStanding {
  readonly id: string;
  readonly home: Exchange;
  version: number;
  status: ListingState['status'];
  title: string;
  mode: Listing['mode'];
  /** The message with the content in force. */
  message: string;
  stateAt: string | null;
  /** Where it is shown, or on its way to be. */
  hosts: readonly Exchange[];
  assets: readonly string[];
  /** Its content, where it was asked for. */
  content?: Listing;
}

export interface InterestStanding {
  readonly id: string;
  readonly listing: string;
  readonly host: Exchange;
  readonly buyerKey: string;
  status: 'registered' | 'accepted' | 'declined';
  message: string;
}

export interface DealStanding {
  readonly id: string;
  version: number;
  readonly listing: string;
  readonly home: Exchange;
  readonly host: Exchange;
  status: Deal['status'];
  priceFen: bigint;
  dueFen: bigint;
  paidFen: bigint;
  /** SHA-256 (hex) of the payload of the version in force. */
  digest: string;
  message: string;
  confirmation: string | null;
}

/** What the messages of one batch touch, as a working copy: read once, changed in memory, written once. */
export interface Standing {
  readonly listings: Map<string, ListingStanding>;
  readonly interests: Map<string, InterestStanding>;
  readonly deals: Map<string, DealStanding>;
  /** Asset → the deal that has it. */
  readonly awards: Map<string, string>;
  /** Asset → date of its last sale. */
  readonly sales: Map<string, string>;
  /** Digest of each version given, `<id>\n<version>`: listings and deals. */
  readonly versions: Map<string, string>;
  /** Accepted interests of a listing, by `<listing>\n<host>\n<buyer key>`. */
  readonly admitted: Set<string>;
  /** Ids of bids and funds already known. */
  readonly known: Set<string>;
  readonly changed: {
    readonly listings: Set<string>;
    readonly interests: Set<string>;
    readonly deals: Set<string>;
    readonly awardsTaken: Map<string, string>;
    readonly awardsGiven: Set<string>;
    readonly sales: Set<string>;
    readonly versions: { id: string; version: number; digest: string; deal: boolean }[];
    readonly bids: { id: string; listing: string; host: string; amountFen: bigint; message: string }[];
    readonly funds: {
      id: string;
      deal: string | null;
      interest: string | null;
      leg: string;
      amountFen: bigint;
      message: string;
    }[];
  };
}

/** Ids to load. `content`: listings whose full content is needed. */
export interface Wanted {
  readonly listings: Set<string>;
  readonly content: Set<string>;
  readonly interests: Set<string>;
  readonly deals: Set<string>;
  readonly known: Set<string>;
}

export function emptyStanding(): Standing {
  return {
    listings: new Map(),
    interests: new Map(),
    deals: new Map(),
    awards: new Map(),
    sales: new Map(),
    versions: new Map(),
    admitted: new Set(),
    known: new Set(),
    changed: {
      listings: new Set(),
      interests: new Set(),
      deals: new Set(),
      awardsTaken: new Map(),
      awardsGiven: new Set(),
      sales: new Set(),
      versions: [],
      bids: [],
      funds: [],
    },
  };
}

/** Reads interests and deals first: they say which listings matter. Both links never change once made. */
export async function loadRelated(connection: Queryable, wanted: Wanted, standing: Standing): Promise<void> {
  if (wanted.interests.size > 0) {
    const { rows } = await connection.query<Record<string, never>>(
      `select id, listing, host, buyer_key as "buyerKey", status, message from interest where id = any($1)`,
      [[...wanted.interests]],
    );
    for (const row of rows as unknown as InterestStanding[]) standing.interests.set(row.id, row);
  }
  if (wanted.deals.size > 0) {
    const { rows } = await connection.query<Record<string, never>>(
      `select id, version, listing, home, host, status, price_fen as "priceFen", due_fen as "dueFen",
              paid_fen as "paidFen", encode(digest, 'hex') as digest, message, confirmation
         from deal where id = any($1)`,
      [[...wanted.deals]],
    );
    for (const row of rows as unknown as DealStanding[]) standing.deals.set(row.id, row);
    await loadVersions(connection, 'deal_version', [...wanted.deals], standing);
  }
  for (const { listing } of standing.interests.values()) wanted.listings.add(listing);
  for (const { listing } of standing.deals.values()) wanted.listings.add(listing).add(listing);
}

/** Reads listings (with content where wanted), their versions, admitted buyers and awards. Lock them first. */
export async function loadListings(connection: Queryable, wanted: Wanted, standing: Standing): Promise<void> {
  const ids = [...wanted.listings];
  if (ids.length === 0) return;
  const { rows } = await connection.query<Record<string, never>>(
    `select l.id, l.home, l.version, l.status, l.title, l.mode, l.message, l.state_at as "stateAt", l.hosts, l.assets,
            case when l.id = any($2) then m.envelope end as envelope
       from listing l left join message m on m.id = l.message and l.id = any($2)
      where l.id = any($1)`,
    [ids, [...wanted.content]],
  );
  for (const { envelope, stateAt, ...row } of rows as unknown as (ListingStanding & {
    envelope: Buffer | null;
    stateAt: Date | null;
  })[]) {
    standing.listings.set(row.id, {
      ...row,
      stateAt: stateAt === null ? null : (stateAt as unknown as Date).toISOString(),
      ...(envelope === null ? {} : { content: payloadOf(envelope) as unknown as Listing }),
    });
  }
  const existing = ids.filter((id) => standing.listings.has(id));
  if (existing.length > 0) await loadVersions(connection, 'listing_version', existing, standing);
  if (wanted.content.size === 0) return;
  const admitted = await connection.query<{ listing: string; host: string; buyer_key: string }>(
    `select listing, host, buyer_key from interest where status = 'accepted' and listing = any($1)`,
    [[...wanted.content]],
  );
  for (const row of admitted.rows) standing.admitted.add(admittedKey(row.listing, row.host, row.buyer_key));
}

export function admittedKey(listing: string, host: string, buyerKey: string): string {
  return `${listing}\n${host}\n${buyerKey}`;
}

export function versionKey(id: string, version: number): string {
  return `${id}\n${version}`;
}

async function loadVersions(connection: Queryable, table: string, ids: string[], standing: Standing): Promise<void> {
  const { rows } = await connection.query<{ id: string; version: number; digest: string }>(
    `select id, version, encode(digest, 'hex') as digest from ${table} where id = any($1)`,
    [ids],
  );
  for (const row of rows) standing.versions.set(versionKey(row.id, row.version), row.digest);
}

/** Reads who holds the assets; lock them first, under the names given here. */
export async function loadAwards(connection: Queryable, assets: readonly string[], standing: Standing): Promise<void> {
  if (assets.length === 0) return;
  const { rows } = await connection.query<{ asset: string; deal: string }>(
    'select asset, deal from award where asset = any($1)',
    [assets],
  );
  for (const { asset, deal } of rows) standing.awards.set(asset, deal);
  for (const [asset, on] of await lastSales(connection, assets)) standing.sales.set(asset, on);
}

/** Which bids and funds are known already. */
export async function loadKnown(connection: Queryable, ids: readonly string[], standing: Standing): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await connection.query<{ id: string }>(
    'select id from bid where id = any($1) union all select id from funds where id = any($1)',
    [ids],
  );
  for (const { id } of rows) standing.known.add(id);
}

/** Writes everything that changed, one statement for each table. */
export async function saveStanding(connection: Queryable, standing: Standing, at: Date): Promise<void> {
  const { changed } = standing;
  await insertRows(
    connection,
    'listing',
    {
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
    },
    [...changed.listings].map((id) => {
      const { stateAt, content: _, ...row } = standing.listings.get(id)!;
      return { ...row, state_at: stateAt, updated_at: at };
    }),
    `on conflict (id) do update set version = excluded.version, status = excluded.status, title = excluded.title,
       mode = excluded.mode, message = excluded.message, state_at = excluded.state_at, hosts = excluded.hosts,
       assets = excluded.assets, updated_at = excluded.updated_at`,
  );
  await insertRows(
    connection,
    'interest',
    {
      id: 'text',
      listing: 'text',
      host: 'text',
      buyer_key: 'text',
      status: 'text',
      message: 'uuid',
      updated_at: 'timestamptz',
    },
    [...changed.interests].map((id) => {
      const { buyerKey, ...row } = standing.interests.get(id)!;
      return { ...row, buyer_key: buyerKey, updated_at: at };
    }),
    'on conflict (id) do update set status = excluded.status, updated_at = excluded.updated_at',
  );
  await insertRows(
    connection,
    'deal',
    {
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
    },
    [...changed.deals].map((id) => {
      const { priceFen, dueFen, paidFen, digest, ...row } = standing.deals.get(id)!;
      return {
        ...row,
        price_fen: priceFen,
        due_fen: dueFen,
        paid_fen: paidFen,
        digest: Buffer.from(digest, 'hex'),
        updated_at: at,
      };
    }),
    `on conflict (id) do update set version = excluded.version, status = excluded.status, price_fen = excluded.price_fen,
       due_fen = excluded.due_fen, paid_fen = excluded.paid_fen, digest = excluded.digest, message = excluded.message,
       confirmation = excluded.confirmation, updated_at = excluded.updated_at`,
  );
  await saveParts(connection, standing);
}

async function saveParts(connection: Queryable, standing: Standing): Promise<void> {
  const { changed } = standing;
  for (const deal of [false, true]) {
    await insertRows(
      connection,
      deal ? 'deal_version' : 'listing_version',
      { id: 'text', version: 'integer', digest: 'bytea' },
      changed.versions
        .filter((row) => row.deal === deal)
        .map((row) => ({ ...row, digest: Buffer.from(row.digest, 'hex') })),
      'on conflict do nothing',
    );
  }
  if (changed.awardsGiven.size > 0) {
    await connection.query('delete from award where asset = any($1)', [[...changed.awardsGiven]]);
  }
  await insertRows(
    connection,
    'award',
    { asset: 'text', deal: 'text' },
    [...changed.awardsTaken].map(([asset, deal]) => ({ asset, deal })),
  );
  await insertRows(
    connection,
    'sale',
    { asset: 'text', sold_on: 'date' },
    [...changed.sales].map((asset) => ({ asset, sold_on: standing.sales.get(asset)! })),
    'on conflict (asset) do update set sold_on = greatest(sale.sold_on, excluded.sold_on)',
  );
  await insertRows(
    connection,
    'bid',
    { id: 'text', listing: 'text', host: 'text', amount_fen: 'bigint', message: 'uuid' },
    changed.bids.map(({ amountFen, ...row }) => ({ ...row, amount_fen: amountFen })),
  );
  await insertRows(
    connection,
    'funds',
    { id: 'text', deal: 'text', interest: 'text', leg: 'text', amount_fen: 'bigint', message: 'uuid' },
    changed.funds.map(({ amountFen, ...row }) => ({ ...row, amount_fen: amountFen })),
  );
}
