/**
 * A leaf of the log: one fixed binary record about one thing that was said. It holds digests only, so that what they
 * are of may be erased one day (personal data) and the log still stands.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 1 | version of this layout: 1 |
 * | 1 | 1 | what it is about: 1 message (envelope), 2 receipt, 3 version of the trust list, 4 act of a person (audit) |
 * | 2 | 8 | its number in its stream, from 1; 0: it belongs to no stream |
 * | 10 | 8 | journal time: milliseconds since 1970-01-01T00:00:00Z |
 * | 18 | 32 | SHA-256 of its exact bytes, as signed |
 * | 50 | 32 | SM3 (GB/T 32905) of the same bytes |
 * | 82 | 32 | SHA-256 over what is kept beside the bytes (below); 32 times 00: nothing is |
 * | 114 | 1 | length of the sender's code, then that code, ASCII |
 * | … | 2 | length of the stream's name in bytes, then that name, UTF-8; 0: no stream |
 *
 * Nothing follows. Numbers are unsigned, most significant byte first. The tree's hash of it is SHA-256(00 ‖ record).
 *
 * Kept beside a message, in this order: its id, its kind, the listing it is about, the exchange's native bytes, the
 * exchange's own signature over those, the `received` receipt. Each is hashed as its length in 4 bytes and its bytes,
 * text as UTF-8; what is absent is FF FF FF FF and nothing. The same way, beside a receipt: its message's id, its kind,
 * the exchange it speaks of; beside an act: who, in which role, what, about what. Beside a trust list nothing is kept.
 */

import { hash } from 'node:crypto';
import { HASH_LENGTH } from './merkle.ts';

export type LeafType = 'message' | 'receipt' | 'trust' | 'audit';

export interface Leaf {
  readonly type: LeafType;
  readonly sender: string;
  /** Empty: it belongs to no stream, and `seq` is 0. */
  readonly stream: string;
  readonly seq: bigint;
  readonly atMs: number;
  readonly sha256: Uint8Array;
  readonly sm3: Uint8Array;
  /** All zero: nothing is kept beside the bytes. */
  readonly beside: Uint8Array;
}

const VERSION = 1;
const TYPES: readonly (LeafType | undefined)[] = [undefined, 'message', 'receipt', 'trust', 'audit'];
const FIXED = 115;
const NOTHING = new Uint8Array(HASH_LENGTH);
const SENDER = /^[!-~]{1,255}$/;
const MOST_BYTES_OF_NAME = 65_535;

/** @throws TypeError (assertion) for what the record has no room for */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const stream = Buffer.from(leaf.stream, 'utf8');
  if (!SENDER.test(leaf.sender) || stream.length > MOST_BYTES_OF_NAME)
    throw new TypeError('assertion: names of a leaf');
  if (![leaf.sha256, leaf.sm3, leaf.beside].every(({ length }) => length === HASH_LENGTH)) {
    throw new TypeError('assertion: digests of a leaf');
  }
  const record = Buffer.alloc(FIXED + leaf.sender.length + 2 + stream.length);
  record[0] = VERSION;
  record[1] = TYPES.indexOf(leaf.type);
  record.writeBigUInt64BE(leaf.seq, 2);
  record.writeBigUInt64BE(BigInt(leaf.atMs), 10);
  record.set(leaf.sha256, 18);
  record.set(leaf.sm3, 50);
  record.set(leaf.beside, 82);
  record[114] = leaf.sender.length;
  record.write(leaf.sender, FIXED, 'ascii');
  record.writeUInt16BE(stream.length, FIXED + leaf.sender.length);
  record.set(stream, FIXED + leaf.sender.length + 2);
  return record;
}

/** Reads a record strictly: undefined for anything that encodeLeaf would not have written. */
export function decodeLeaf(bytes: Uint8Array): Leaf | undefined {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = TYPES[record[1] ?? 0];
  if (record.length < FIXED + 3 || record[0] !== VERSION || type === undefined) return undefined;
  const named = FIXED + record[114]!;
  if (record.length < named + 2 || record.length !== named + 2 + record.readUInt16BE(named)) return undefined;
  const sender = record.toString('latin1', FIXED, named);
  const stream = record.toString('utf8', named + 2);
  const atMs = Number(record.readBigUInt64BE(10));
  if (!SENDER.test(sender) || !Number.isSafeInteger(atMs)) return undefined;
  if (Buffer.compare(Buffer.from(stream, 'utf8'), record.subarray(named + 2)) !== 0) return undefined;
  const part = (offset: number) => record.subarray(offset, offset + HASH_LENGTH);
  const seq = record.readBigUInt64BE(2);
  return { type, sender, stream, seq, atMs, sha256: part(18), sm3: part(50), beside: part(82) };
}

/** The leaf of these bytes. `beside`: the digest of what is kept beside them, null for nothing. */
export function leafOfBytes(
  bytes: Uint8Array,
  of: Omit<Leaf, 'sha256' | 'sm3' | 'beside'> & { readonly beside: Uint8Array | null },
): Leaf {
  const { sha256, sm3 } = digestsOf(bytes);
  // Member by member: one for each row of the log, again and again, and spreading costs as much as a digest.
  const { type, sender, stream, seq, atMs } = of;
  return { type, sender, stream, seq, atMs, sha256, sm3, beside: of.beside ?? NOTHING };
}

/** Whether the leaf is about exactly these bytes. */
export function isAbout(leaf: Leaf, bytes: Uint8Array): boolean {
  const { sha256, sm3 } = digestsOf(bytes);
  return Buffer.compare(leaf.sha256, sha256) === 0 && Buffer.compare(leaf.sm3, sm3) === 0;
}

/** The digest of what is kept beside the bytes, as parts_digest() of the journal makes it. Null: absent. */
export function digestOfParts(parts: readonly (Uint8Array | string | null)[]): Uint8Array {
  const pieces = parts.flatMap((part) => {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(4);
    if (bytes === null) return [length.fill(0xff)];
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return hash('sha256', Buffer.concat(pieces), 'buffer');
}

function digestsOf(bytes: Uint8Array): Pick<Leaf, 'sha256' | 'sm3'> {
  return { sha256: hash('sha256', bytes, 'buffer'), sm3: hash('sm3', bytes, 'buffer') };
}
