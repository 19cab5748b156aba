import type { Exchange } from '../contract/exchange.ts';
import { lastFinal, type Quorum } from './checkpoints.ts';
import type { Queryable } from './database.ts';
import { consistencyProof, inclusionProof } from './tree.ts';
import type { LeafSource } from './tree-sources.ts';

/** A row with its place in the log as of the checkpoint; undefined while it has none under it. */
export interface Placed {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly inclusion: readonly Uint8Array[];
}

export interface EvidenceReceipt {
  readonly kind: string;
  readonly message: string;
  readonly recipient: string;
  readonly bytes: Uint8Array;
  readonly recordedAt: Date;
  readonly place: Placed | undefined;
}

/** Everything the journal holds that proves one message. */
export interface EvidenceRows {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly envelope: Uint8Array;
  readonly native: Uint8Array | null;
  readonly proof: string | null;
  /** What the proof names as signed in one with others. */
  readonly whole: Uint8Array | undefined;
  readonly received: Uint8Array | null;
  readonly recordedAt: Date;
  readonly place: Placed | undefined;
  readonly receipts: readonly EvidenceReceipt[];
  /** The newest trust list in the log; undefined before there is one. */
  readonly trust: { readonly bytes: Uint8Array; readonly place: Placed | undefined } | undefined;
  /** Of every authority those in force at the times above, DER. */
  readonly crls: readonly Uint8Array[];
  /** The newest final one; while none holds the message, the newest that does. */
  readonly checkpoint: { readonly size: bigint; readonly cosigned: Uint8Array } | undefined;
  readonly isFinal: boolean;
  /** Hashes that prove the checkpoint and `size` to be of one log. */
  readonly consistency: readonly Uint8Array[] | undefined;
}

export interface EvidenceRequest {
  readonly id: string;
  readonly quorum: Quorum;
  /** The name of what an exchange signed as one, in its proof (`Arrival.proof`). */
  wholeOf(proof: string): string | undefined;
  /** Leaves of another checkpoint, to be shown to be of the same log. */
  readonly against?: bigint;
}

interface MessageFound {
  readonly no: bigint;
  readonly id: string;
  readonly issuer: Exchange;
  readonly kind: string;
  readonly stream: string;
  readonly subject: string;
  readonly envelope: Buffer;
  readonly native: Buffer | null;
  readonly proof: string | null;
  readonly received: Buffer | null;
  readonly recordedAt: Date;
}

/** Undefined when there is no such message, or none that this connection may see. */
export async function readEvidence(connection: Queryable, request: EvidenceRequest): Promise<EvidenceRows | undefined> {
  const { id, quorum, wholeOf, against } = request;
  const { rows } = await connection.query<MessageFound & Record<string, unknown>>(
    `select no, id, issuer, kind, stream, subject, envelope, native, proof, received, recorded_at as "recordedAt"
       from message where id = $1`,
    [id],
  );
  const found = rows[0];
  if (found === undefined) return undefined;
  const { no, ...message } = found;
  const final = await lastFinal(connection, quorum);
  const own = await leafAt(connection, 'message', no);
  const isFinal = final !== undefined && own !== undefined && own.idx < final.size;
  const newest = isFinal ? final : await latestOf(connection, quorum);
  const checkpoint = newest !== undefined && own !== undefined && own.idx < newest.size ? newest : undefined;
  const size = checkpoint?.size ?? 0n;
  const placed = (leaf: LeafAt | undefined) => placeOf(connection, leaf, size);

  const receipts = await receiptsOf(connection, found, size);
  const trust = await trustUnder(connection, size);
  const name = message.proof === null ? undefined : wholeOf(message.proof);
  const times = [message.recordedAt, ...receipts.map(({ recordedAt }) => recordedAt)];
  return {
    ...message,
    whole: name === undefined ? undefined : await wholeNamed(connection, message.issuer, name),
    place: await placed(own),
    receipts: await Promise.all(receipts.map(async ({ at, ...receipt }) => ({ ...receipt, place: await placed(at) }))),
    trust: trust && { bytes: trust.bytes, place: await placed(trust.at) },
    crls: await crlsAt(connection, times),
    checkpoint,
    isFinal,
    consistency: against === undefined || size === 0n ? undefined : await consistencyOf(connection, against, size),
  };
}

/** With the cosignatures it has so far. */
async function latestOf(connection: Queryable, { witnesses }: Quorum): Promise<EvidenceRows['checkpoint']> {
  const { rows } = await connection.query<{ size: bigint; note: Buffer; lines: string }>(
    `select size, note,
            coalesce((select string_agg(line, '' order by witness) from cosignature c
                       where c.size = checkpoint.size and witness = any($1)), '') as lines
       from checkpoint order by size desc limit 1`,
    [witnesses],
  );
  const row = rows[0];
  return row && { size: row.size, cosigned: Buffer.concat([row.note, Buffer.from(row.lines, 'utf8')]) };
}

interface LeafAt {
  readonly idx: bigint;
  readonly leaf: Buffer;
}

async function leafAt(connection: Queryable, source: LeafSource, no: bigint): Promise<LeafAt | undefined> {
  const { rows } = await connection.query<LeafAt & Record<string, unknown>>(
    'select idx, leaf from journal_leaf where source = $1 and no = $2',
    [source, no],
  );
  return rows[0];
}

async function placeOf(connection: Queryable, at: LeafAt | undefined, size: bigint): Promise<Placed | undefined> {
  if (at === undefined || at.idx >= size) return undefined;
  return { index: Number(at.idx), leaf: at.leaf, inclusion: await inclusionProof(connection, at.idx, size) };
}

/**
 * Those in the log under that checkpoint; without one, all there are. Of a deal also what both exchanges signed, which
 * is kept with the host's deal-confirmed.
 */
async function receiptsOf(connection: Queryable, { id, kind, stream, subject }: MessageFound, size: bigint) {
  const { rows } = await connection.query<
    Omit<EvidenceReceipt, 'place'> & { idx: bigint | null; leaf: Buffer | null } & Record<string, unknown>
  >(
    `with about as (
       select $1::uuid as id union all
       select id from message where $3 = 'deal' and subject = $5 and stream = $4 and kind = 'deal-confirmed')
     select r.message, r.kind, r.recipient, r.bytes, r.recorded_at as "recordedAt", l.idx, l.leaf
       from about join receipt r on r.message = about.id
       left join journal_leaf l on l.source = 'receipt' and l.no = r.no
      where (r.message = $1 or r.kind = 'cosigned') and ($2 = 0 or l.idx < $2) order by r.no limit 256`,
    [id, size, kind, stream, subject],
  );
  return rows.map(({ idx, leaf, ...receipt }) => ({
    ...receipt,
    at: idx === null || leaf === null ? undefined : { idx, leaf },
  }));
}

/** A later list judges earlier times as those before it did: lists take nothing back. */
async function trustUnder(connection: Queryable, size: bigint) {
  const { rows } = await connection.query<{ bytes: Buffer; idx: bigint | null; leaf: Buffer | null }>(
    `select t.bytes, l.idx, l.leaf
       from trust_version t left join journal_leaf l on l.source = 'trust_version' and l.no = t.no
      where $1 = 0 or l.idx < $1 order by t.version desc limit 1`,
    [size],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { bytes, idx, leaf } = row;
  return { bytes, at: idx === null || leaf === null ? undefined : { idx, leaf } };
}

async function wholeNamed(connection: Queryable, exchange: string, sha256: string): Promise<Buffer | undefined> {
  const { rows } = await connection.query<{ bytes: Buffer }>(
    'select bytes from native_whole where exchange = $1 and sha256 = $2',
    [exchange, Buffer.from(sha256, 'hex')],
  );
  return rows[0]?.bytes;
}

async function consistencyOf(
  connection: Queryable,
  one: bigint,
  other: bigint,
): Promise<readonly Uint8Array[] | undefined> {
  const [older, newer] = one < other ? [one, other] : [other, one];
  try {
    return await consistencyProof(connection, older, newer);
  } catch (error) {
    // That checkpoint is of more leaves than this log has, or of none.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Keeps revocation lists that were not known before, with the time from which the gateway knew them. */
export async function keepCrls(
  connection: Queryable,
  crls: readonly { readonly authority: string; readonly bytes: Uint8Array }[],
  at: Date,
): Promise<void> {
  for (const { authority, bytes } of crls) {
    await connection.query(
      `insert into crl_seen (authority, sha256, bytes, seen_at) values ($1, sha256($2), $2, $3) on conflict do nothing`,
      [authority, Buffer.from(bytes), at],
    );
  }
}

/** Of every authority the one known at each of those times; where none was known yet, the first that came. */
async function crlsAt(connection: Queryable, times: readonly Date[]): Promise<readonly Uint8Array[]> {
  const { rows } = await connection.query<{ bytes: Buffer }>(
    `select bytes from crl_seen where no in (
       select coalesce(
         (select no from crl_seen c where c.authority = a.authority and c.seen_at <= t.at order by c.seen_at desc limit 1),
         (select no from crl_seen c where c.authority = a.authority order by c.seen_at limit 1))
       from unnest($1::timestamptz[]) as t(at), (select distinct authority from crl_seen) as a
     ) order by no`,
    [times],
  );
  return rows.map(({ bytes }) => bytes);
}
