import type { Listing } from '../contract/message.ts';
import type { Queryable } from './database.ts';
import { payloadOf } from './payload.ts';
import { lockNames } from './rows.ts';
import {
  admittedKey,
  type Cited,
  citedKey,
  type DealStanding,
  type InterestStanding,
  type ListingStanding,
  type Standing,
  versionKey,
  type Wanted,
} from './standing.ts';
import { lastSales } from './waiting.ts';

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
      `select d.id, version, listing, home, host, status, price_fen as "priceFen", due_fen as "dueFen",
              paid_fen as "paidFen", encode(digest, 'hex') as digest, d.message, confirmation, r.bytes, r.recorded_at as at
         from deal d left join receipt r on r.message = d.confirmation and r.kind = 'cosigned' and r.recipient = d.host
        where d.id = any($1)`,
      [[...wanted.deals]],
    );
    for (const { bytes, at, ...row } of rows as unknown as (DealStanding & { bytes: Buffer | null; at: Date })[]) {
      standing.deals.set(row.id, { ...row, cosigned: bytes === null ? null : { bytes, at } });
    }
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
    standing.existing.add(row.id);
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

async function loadVersions(connection: Queryable, table: string, ids: string[], standing: Standing): Promise<void> {
  const { rows } = await connection.query<{ id: string; version: number; digest: string }>(
    `select id, version, encode(digest, 'hex') as digest from ${table} where id = any($1)`,
    [ids],
  );
  for (const row of rows) standing.versions.set(versionKey(row.id, row.version), row.digest);
}

/** Reads who holds the assets, and locks them until the transaction ends. */
export async function loadAwards(connection: Queryable, assets: readonly string[], standing: Standing): Promise<void> {
  if (assets.length === 0) return;
  await lockNames(connection, assets);
  const { rows } = await connection.query<{ asset: string; deal: string }>(
    'select asset, deal from award where asset = any($1)',
    [assets],
  );
  for (const { asset, deal } of rows) standing.awards.set(asset, deal);
}

/** When rights were last sold. */
export async function loadSales(connection: Queryable, rights: readonly string[], standing: Standing): Promise<void> {
  for (const [right, on] of await lastSales(connection, rights)) standing.sales.set(right, on);
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

/** Reads under which rulebooks these listings are shown. */
export async function loadCited(connection: Queryable, ids: Iterable<string>, standing: Standing): Promise<void> {
  const { rows } = await connection.query<{ listing: string; at: string } & Cited>(
    `select listing, host as at, body #>> '{rulebooks,home,sha256}' as home, body #>> '{rulebooks,host,sha256}' as host
       from decision
      where listing = any($1) and current and verdict like 'relay%' and body #>> '{rulebooks,host,sha256}' is not null`,
    [[...ids]],
  );
  for (const { listing, at, home, host } of rows) standing.cited.set(citedKey(listing, at), { home, host });
}
