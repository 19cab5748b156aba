import type { Arrival } from '../contract/adapter.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { Queryable } from './database.ts';
import { insertRows } from './rows.ts';

/** An arrival with the digest of its bytes and the id its message will have. */
export interface Entry {
  readonly arrival: Arrival;
  readonly digest: Buffer;
  readonly messageId: string;
  /** Already known to be refused (it could not be decoded). */
  readonly refusals?: readonly Refusal[];
}

/** What the inbox knew of an arrival. */
export type Admission =
  | { readonly known: 'new' }
  | { readonly known: 'repeated'; readonly messageId?: string; readonly refusals?: readonly Refusal[] }
  | { readonly known: 'conflict' }
  | { readonly known: 'replayed' };

interface InboxRow {
  readonly exchange: string;
  readonly key: string;
  readonly digest: Buffer;
  readonly message: string | null;
  readonly refusals: readonly Refusal[] | null;
}

/**
 * Enters arrivals (no two with one key) under their exchanges' own ids. A repeat gets what was answered the first
 * time; other bytes under a known id are a conflict and both are kept; a one-time value seen before is a replay.
 */
export async function enter(connection: Queryable, entries: readonly Entry[]): Promise<readonly Admission[]> {
  const replayed = await replays(connection, entries);
  const entering = entries.filter((_, i) => !replayed.has(i));
  const inserted = await insertRows<object, { exchange: string; key: string }>(
    connection,
    'inbox',
    { exchange: 'text', key: 'text', digest: 'bytea', message: 'uuid', refusals: 'json', arrived_at: 'timestamptz' },
    entering.map(({ arrival, digest, messageId, refusals }) => ({
      exchange: arrival.exchange,
      key: arrival.key,
      digest,
      message: refusals === undefined ? messageId : null,
      refusals: refusals === undefined ? null : JSON.stringify(refusals),
      arrived_at: new Date(arrival.arrivedAtMs),
    })),
    'on conflict do nothing returning exchange, key',
  );
  const fresh = new Set(inserted.map(nameOf));
  const known = await knownRows(
    connection,
    entering.filter(({ arrival }) => !fresh.has(nameOf(arrival))),
  );
  const admissions = entries.map((entry, i): Admission => {
    if (replayed.has(i)) return { known: 'replayed' };
    const row = known.get(nameOf(entry.arrival));
    if (row === undefined) return { known: 'new' };
    if (!row.digest.equals(entry.digest)) return { known: 'conflict' };
    return {
      known: 'repeated',
      ...(row.message === null ? {} : { messageId: row.message }),
      ...(row.refusals === null ? {} : { refusals: row.refusals }),
    };
  });
  await keepEquivocations(connection, entries, admissions, known);
  return admissions;
}

function nameOf(row: { readonly exchange: string; readonly key: string }): string {
  return `${row.exchange}\n${row.key}`;
}

async function replays(connection: Queryable, entries: readonly Entry[]): Promise<ReadonlySet<number>> {
  const once = entries.flatMap(({ arrival }, i) => (arrival.once === undefined ? [] : [{ i, arrival }]));
  const inserted = await insertRows<object, { exchange: string; value: string }>(
    connection,
    'once',
    { exchange: 'text', value: 'text', seen_at: 'timestamptz' },
    once.map(({ arrival }) => ({
      exchange: arrival.exchange,
      value: arrival.once,
      seen_at: new Date(arrival.arrivedAtMs),
    })),
    'on conflict do nothing returning exchange, value',
  );
  // Each returned row admits one arrival: of two with the same value in one batch the second is the replay.
  const fresh = new Set(inserted.map(({ exchange, value }) => nameOf({ exchange, key: value })));
  return new Set(
    once
      .filter(({ arrival }) => !fresh.delete(nameOf({ exchange: arrival.exchange, key: arrival.once! })))
      .map(({ i }) => i),
  );
}

async function knownRows(connection: Queryable, entries: readonly Entry[]): Promise<ReadonlyMap<string, InboxRow>> {
  if (entries.length === 0) return new Map();
  const { rows } = await connection.query<InboxRow & Record<string, unknown>>(
    `select exchange, key, digest, message, refusals from inbox
      where (exchange, key) in (select * from unnest($1::text[], $2::text[]))`,
    [entries.map(({ arrival }) => arrival.exchange), entries.map(({ arrival }) => arrival.key)],
  );
  return new Map(rows.map((row) => [nameOf(row), row]));
}

async function keepEquivocations(
  connection: Queryable,
  entries: readonly Entry[],
  admissions: readonly Admission[],
  known: ReadonlyMap<string, InboxRow>,
): Promise<void> {
  const conflicting = entries.filter((_, i) => admissions[i]!.known === 'conflict');
  await insertRows(
    connection,
    'equivocation',
    { exchange: 'text', key: 'text', first_digest: 'bytea', native: 'bytea', proof: 'text', at: 'timestamptz' },
    conflicting.map(({ arrival }) => ({
      exchange: arrival.exchange,
      key: arrival.key,
      first_digest: known.get(nameOf(arrival))!.digest,
      native: Buffer.from(arrival.bytes),
      proof: arrival.proof,
      at: new Date(arrival.arrivedAtMs),
    })),
  );
}

/** Turns entered arrivals down: the inbox answers so from now on, and the bytes are kept for whoever sent them. */
export async function turnDown(
  connection: Queryable,
  turned: readonly { readonly arrival: Arrival; readonly refusals: readonly Refusal[]; readonly entered: boolean }[],
): Promise<void> {
  if (turned.length === 0) return;
  const entered = turned.filter((row) => row.entered);
  if (entered.length > 0) {
    await connection.query(
      `update inbox set message = null, refusals = t.refusals
         from unnest($1::text[], $2::text[], $3::json[]) as t(exchange, key, refusals)
        where inbox.exchange = t.exchange and inbox.key = t.key`,
      [
        entered.map(({ arrival }) => arrival.exchange),
        entered.map(({ arrival }) => arrival.key),
        entered.map(({ refusals }) => JSON.stringify(refusals)),
      ],
    );
  }
  await keepRefusals(connection, turned);
}

/** Bytes beyond this are cut in the record of a refusal; the digest in the inbox is over all of them. */
const KEPT_BYTES = 65_536;

export async function keepRefusals(
  connection: Queryable,
  turned: readonly { readonly arrival: Arrival; readonly refusals: readonly Refusal[] }[],
): Promise<void> {
  await insertRows(
    connection,
    'refusal',
    { exchange: 'text', key: 'text', native: 'bytea', proof: 'text', refusals: 'json', at: 'timestamptz' },
    turned.map(({ arrival, refusals }) => ({
      exchange: arrival.exchange,
      key: arrival.key,
      native: Buffer.from(arrival.bytes.subarray(0, KEPT_BYTES)),
      proof: arrival.proof,
      refusals: JSON.stringify(refusals),
      at: new Date(arrival.arrivedAtMs),
    })),
  );
}

/** Forgets entries that must be offered again later (what they refer to has not arrived yet). */
export async function forget(connection: Queryable, arrivals: readonly Arrival[]): Promise<void> {
  if (arrivals.length === 0) return;
  await connection.query('delete from inbox where (exchange, key) in (select * from unnest($1::text[], $2::text[]))', [
    arrivals.map(({ exchange }) => exchange),
    arrivals.map(({ key }) => key),
  ]);
}

/** Drops one-time values whose window has long passed. */
export async function dropOldOnce(connection: Queryable, before: Date): Promise<void> {
  await connection.query('delete from once where seen_at < $1', [before]);
}
