import canonicalize from 'canonicalize';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { digestOf } from '../envelope/digest.ts';
import { openJws, type Signer, signJws, type TrustList } from '../envelope/jws.ts';
import { missingKind } from '../envelope/kinds.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { booksOf } from './book.ts';
import { takeNetTurn } from './net-cycle.ts';
import { latestNetOf, type NetSummary } from './net-read.ts';

/** The result of a business day, in the one form that is signed. */
export interface Day {
  readonly cycle: string;
  readonly no: number;
  readonly net: string;
  /** Canonical JSON (RFC 8785). */
  readonly bytes: Buffer;
  readonly sha256: string;
}

export interface DaySignature {
  readonly exchange: Exchange;
  /** A JWS in General JSON form: one signature for each kind of key that the exchange has. */
  readonly jws: Buffer;
  readonly signedAt: Date;
}

/**
 * Writes down what the day came to, once for each net: the books, the comparison, the net and what was left out of it.
 * Asked again it gives the same bytes. Refused where nothing has been netted.
 */
export async function writeDay(
  database: Database,
  { cycle, cut }: { readonly cycle: string; readonly cut: bigint },
  nowMs: () => number,
): Promise<Checked<Day>> {
  return transaction(database, async (connection) => {
    await takeNetTurn(connection);
    const net = await latestNetOf(connection, cycle);
    if (net === undefined || net.state === 'superseded' || net.state === 'aborted') {
      return refused(refuse('state-forbids', '/net'));
    }
    const written = await dayOf(connection, cycle);
    if (written?.net === net.id) return accepted(written);
    const bytes = Buffer.from(canonicalize(await resultOf(connection, net, cut))!, 'utf8');
    const day: Day = { cycle, no: net.no, net: net.id, bytes, sha256: digestOf(bytes) };
    await connection.query(
      `insert into clearing_day (cycle, no, net, bytes, sha256, made_at) values ($1, $2, $3, $4, $5, to_timestamp($6 / 1000.0))`,
      [cycle, day.no, day.net, bytes, day.sha256, nowMs()],
    );
    return accepted(day);
  });
}

async function resultOf(connection: Queryable, net: NetSummary, cut: bigint): Promise<object> {
  const { rows } = await connection.query<{ version: number; rules: string; result: string; breaks: object | null }>(
    `select version, rules_sha256 as rules, result_sha256 as result, counts->'breaks' as breaks from clearing_run where id = $1`,
    [net.run],
  );
  const run = rows[0]!;
  const books = (await booksOf(connection, net.cycle)).filter(({ state }) => state === 'loaded');
  return {
    format: 'qiao-day/1',
    cycle: net.cycle,
    no: net.no,
    cut: String(cut),
    books: books
      .map(({ side, batch, digest, rowCount, totalPriceFen, totalFeeFen }) => ({
        side,
        batch,
        digest,
        rows: String(rowCount),
        price: formatFen(totalPriceFen ?? 0n, 'yuan'),
        fee: formatFen(totalFeeFen ?? 0n, 'yuan'),
      }))
      .sort((one, other) => (one.side < other.side ? -1 : 1)),
    comparison: { version: run.version, rules: run.rules, result: run.result, breaks: run.breaks ?? {} },
    net: { entries: String(net.entries), sha256: net.entriesSha256, nets: net.nets },
    held: { deals: String(net.heldDeals), fees: formatFen(net.heldFen, 'yuan'), sha256: net.holdsSha256 },
  };
}

/** The result last written for a business day. */
export async function dayOf(connection: Queryable, cycle: string): Promise<Day | undefined> {
  const { rows } = await connection.query<Day & Record<string, unknown>>(
    'select cycle, no, net, bytes, sha256 from clearing_day where cycle = $1 order by no desc limit 1',
    [cycle],
  );
  return rows[0];
}

export async function signaturesOf(
  connection: Queryable,
  { cycle, no }: Pick<Day, 'cycle' | 'no'>,
): Promise<readonly DaySignature[]> {
  const { rows } = await connection.query<DaySignature & Record<string, unknown>>(
    `select exchange, jws, signed_at as "signedAt" from clearing_day_signature where cycle = $1 and no = $2 order by exchange`,
    [cycle, no],
  );
  return rows;
}

const profile = { typ: 'fed-day+jws', members: new Set(['typ', 'iss', 'iat']) } as const;

/** An exchange signs the bytes of a day, with a key of each kind it has. */
export function signDay(
  bytes: Uint8Array,
  {
    exchange,
    atMs,
    signers,
  }: { readonly exchange: Exchange; readonly atMs: number; readonly signers: readonly Signer[] },
): Promise<Uint8Array> {
  return signJws(bytes, { typ: profile.typ, iss: exchange, iat: Math.floor(atMs / 1000) }, signers);
}

/** Signatures bear the signer's own clock; by so much it may be off. */
const SKEW_SECONDS = 300;

/** Verifies that this exchange signed exactly these bytes with every kind of key that it had at that time. */
export function openDay(
  jws: Uint8Array,
  day: Pick<Day, 'bytes'>,
  exchange: Exchange,
  { trust, atMs }: { readonly trust: TrustList; readonly atMs: number },
): Checked<void> {
  const opened = openJws(jws, trust, profile, { atMs });
  if (!opened.ok) return refused(refuse('bad-signature', opened.pointer, opened.code));
  const { iss, iat } = opened.header;
  if (iss !== exchange) return refused(refuse('not-yours', '/iss', exchange));
  if (typeof iat !== 'number' || Math.abs(atMs / 1000 - iat) > SKEW_SECONDS) return refused(refuse('stale', '/iat'));
  // Different bytes are another day: whoever signed them has seen other figures.
  if (!day.bytes.equals(opened.payload)) return refused(refuse('inconsistent', '/payload'));
  const missing = missingKind(opened.signatures, trust, exchange, atMs);
  return missing === undefined ? accepted(undefined) : refused(refuse('bad-signature', '/signatures', missing));
}

export interface SignParts {
  readonly database: Database;
  trust(): TrustList;
  nowMs(): number;
}

/**
 * Keeps an exchange's signature over the day's result: the same exchange once, and no other bytes than those that stand.
 * @returns who has signed by now; the day is confirmed when all three have
 */
export async function takeDaySignature(
  { cycle, exchange, jws }: { readonly cycle: string; readonly exchange: Exchange; readonly jws: Uint8Array },
  parts: SignParts,
): Promise<Checked<readonly Exchange[]>> {
  return transaction(parts.database, async (connection) => {
    await takeNetTurn(connection);
    const day = await dayOf(connection, cycle);
    const net = await latestNetOf(connection, cycle);
    if (day === undefined || day.net !== net?.id || net.state === 'superseded' || net.state === 'aborted') {
      return refused(refuse('state-forbids', '/day'));
    }
    const atMs = parts.nowMs();
    const opened = openDay(jws, day, exchange, { trust: parts.trust(), atMs });
    if (!opened.ok) return opened;
    await connection.query(
      `insert into clearing_day_signature (cycle, no, exchange, jws, signed_at) values ($1, $2, $3, $4, to_timestamp($5 / 1000.0))
       on conflict (cycle, no, exchange) do nothing`,
      [cycle, day.no, exchange, Buffer.from(jws), atMs],
    );
    return accepted((await signaturesOf(connection, day)).map((one) => one.exchange));
  });
}

/** Whether all three have signed the result that stands. */
export async function isConfirmed(connection: Queryable, cycle: string): Promise<boolean> {
  const day = await dayOf(connection, cycle);
  const net = await latestNetOf(connection, cycle);
  if (day === undefined || day.net !== net?.id) return false;
  return (await signaturesOf(connection, day)).length === exchanges.length;
}
