import { createHash } from 'node:crypto';
import type { VerifiedEnvelope } from '../envelope/envelope.ts';
import type { Queryable } from './database.ts';

/** How bytes are judged: against whose trust list is the caller's business. */
export interface Judges {
  /** @param atMs journal time */
  envelope(bytes: Uint8Array, atMs: number): VerifiedEnvelope | { readonly ok: false; readonly code: string };
  receipt(
    bytes: Uint8Array,
    of: VerifiedEnvelope,
    atMs: number,
  ):
    | { readonly ok: true; readonly receipt: { readonly receipt: string } }
    | { readonly ok: false; readonly code: string };
  /** A deal under the signatures of exactly these parties. */
  cosigned(
    bytes: Uint8Array,
    parties: readonly string[],
    atMs: number,
  ): { readonly ok: true; readonly payload: Uint8Array } | { readonly ok: false; readonly code: string };
}

export interface JournalProof {
  readonly envelopes: number;
  readonly receipts: number;
  readonly streams: number;
  /** Who said what to whom, e.g. `deal ctex → stex`. */
  readonly said: ReadonlySet<string>;
  readonly faults: readonly string[];
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly issuer: string;
  readonly stream: string;
  readonly envelope: Buffer;
  readonly native: Buffer | null;
  readonly received: Buffer | null;
  readonly recordedAt: Date;
  readonly receipts: readonly {
    readonly kind: string;
    readonly recipient: string;
    readonly bytes: string;
    readonly atMs: number;
  }[];
}

const PAGE = 500;

/**
 * Reads the journal as an auditor would, from its bytes alone: every signature, every receipt, the chain of every
 * stream without a gap, the digest of the native bytes. Reads in pages; memory grows with the number of streams only.
 */
export async function verifyJournal(connection: Queryable, judges: Judges): Promise<JournalProof> {
  const said = new Set<string>();
  const faults: string[] = [];
  const heads = new Map<string, { seq: number; digest: string }>();
  let envelopes = 0;
  let receipts = 0;
  for (let after = 0n; ; ) {
    // In the order of the journal a stream is in its own order, too: its counter row is locked until the commit.
    const { rows } = await connection.query<Record<string, never>>(
      `select m.no, m.id, m.kind, m.issuer, m.stream, m.envelope, m.native, m.received, m.recorded_at as "recordedAt",
              coalesce((select json_agg(json_build_object('kind', r.kind, 'recipient', r.recipient,
                                        'bytes', encode(r.bytes, 'base64'),
                                        'atMs', extract(epoch from r.recorded_at) * 1000) order by r.no)
                          from receipt r where r.message = m.id), '[]') as receipts
         from message m where m.no > $1 order by m.no limit $2`,
      [after, PAGE],
    );
    if (rows.length === 0) break;
    for (const row of rows as unknown as (Row & { no: bigint })[]) {
      after = row.no;
      envelopes += 1;
      receipts += (row.received === null ? 0 : 1) + row.receipts.length;
      faults.push(...faultsOf(row, heads, said, judges).map((fault) => `${row.kind} ${row.id}: ${fault}`));
    }
  }
  return { envelopes, receipts, streams: heads.size, said, faults };
}

function faultsOf(
  row: Row,
  heads: Map<string, { seq: number; digest: string }>,
  said: Set<string>,
  judges: Judges,
): readonly string[] {
  const verified = judges.envelope(row.envelope, row.recordedAt.getTime());
  if (!verified.ok) return [verified.code];
  const { header, digest } = verified;
  const faults: string[] = [];
  const name = `${row.issuer} ${row.stream}`;
  const head = heads.get(name);
  if (header.seq !== (head?.seq ?? 0) + 1 || header.prev !== (head?.digest ?? null))
    faults.push(`broken chain at ${header.seq}`);
  heads.set(name, { seq: header.seq, digest });
  if (header.jti !== row.id || header.iss !== row.issuer || header.kind !== row.kind)
    faults.push('the row says otherwise');
  if (row.native !== null && header.nat !== createHash('sha256').update(row.native).digest('hex')) {
    faults.push('the native bytes are not those that were signed');
  }
  if (row.received !== null) {
    const received = judges.receipt(row.received, verified, row.recordedAt.getTime());
    if (!received.ok) faults.push(`received: ${received.code}`);
  }
  for (const { kind, recipient, bytes, atMs } of row.receipts) {
    if (kind === 'cosigned') {
      faults.push(...cosignFaults(Buffer.from(bytes, 'base64'), verified, atMs, judges));
      continue;
    }
    const judged = judges.receipt(Buffer.from(bytes, 'base64'), verified, atMs);
    if (!judged.ok) faults.push(`${recipient}: ${judged.code}`);
    else if (judged.receipt.receipt !== kind) faults.push(`${recipient}: signed as ${judged.receipt.receipt}`);
  }
  for (const to of header.aud) said.add(`${row.kind} ${row.issuer} → ${to}`);
  return faults;
}

/** Home and host must both have signed the very payload that the confirmation names. */
function cosignFaults(bytes: Uint8Array, of: VerifiedEnvelope, atMs: number, judges: Judges): readonly string[] {
  const { iss, aud } = of.header;
  const opened = judges.cosigned(bytes, [...aud, iss], atMs);
  if (!opened.ok) return [`cosigned: ${opened.code}`];
  const { dealSha256 } = JSON.parse(Buffer.from(of.payload).toString('utf8')) as { readonly dealSha256?: unknown };
  const digest = createHash('sha256').update(opened.payload).digest('hex');
  return digest === dealSha256 ? [] : ['cosigned: not the deal that was confirmed'];
}
