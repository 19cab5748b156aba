/**
 * One file that proves one message, for anybody who holds the trust anchor and nothing else (docs/EVIDENCE.md).
 *
 * Bytes are base64 in its one spelling (RFC 4648 §4, padded). Members are all written, in this order, and no others;
 * what does not apply is null.
 */

import { isObject, type Json, type JsonObject, parseJson } from '../contract/json.ts';
import { type EvidenceRefusal, refuse } from './codes.ts';

export const BUNDLE_FORMAT = 'qiao-evidence/1';
/** An envelope and native bytes of 1 MiB each, a page of 8 MiB that was signed as one, in base64. */
export const MAX_BUNDLE_BYTES = 24 * 1_048_576;
const MAX_LIST = 256;
/** A tree of 2^63 leaves has no longer proof. */
const MAX_PROOF = 64;

/** Where something stands in the log. */
export interface Entry {
  /** From 0. */
  readonly index: number;
  /** The leaf's record (src/log/leaf.ts). */
  readonly leaf: Uint8Array;
  /** Audit path to the root of the bundle's checkpoint, from the leaf upwards; each 32 bytes. */
  readonly inclusion: readonly Uint8Array[];
}

export interface NativePart {
  readonly bytes: Uint8Array;
  /** The exchange's own signature and what it covered; empty where its protocol signs nothing (an answer). */
  readonly proof: string;
  readonly whole: Uint8Array | null;
}

/** What became of it: the recipient's accepted or refused, settled, and for a deal the co-signed payload. */
export interface ReceiptPart {
  readonly kind: string;
  /** Id of the message under which it is journaled: of a co-signed deal the host's deal-confirmed. */
  readonly message: string;
  readonly recipient: string;
  readonly bytes: Uint8Array;
  readonly entry: Entry | null;
}

export interface ChainPart {
  readonly kid: string;
  /** DER. */
  readonly leaf: Uint8Array;
  readonly intermediate: Uint8Array;
}

export interface Bundle {
  /** Id of the message. */
  readonly message: string;
  /** The listing it is about (or the rulebook), as its leaf has it. */
  readonly subject: string;
  readonly envelope: Uint8Array;
  readonly native: NativePart | null;
  /** The gateway's `received` receipt. */
  readonly received: Uint8Array | null;
  /** Null, as every entry, while no checkpoint covers the message. */
  readonly entry: Entry | null;
  readonly receipts: readonly ReceiptPart[];
  /** The trust list in force at journal time, as signed. */
  readonly trust: { readonly list: Uint8Array; readonly entry: Entry | null };
  /** Of every key that signed an envelope or a receipt here. */
  readonly chains: readonly ChainPart[];
  /** Certificate revocation lists in force at journal time, DER. */
  readonly crls: readonly Uint8Array[];
  /** A signed note with its cosignatures. */
  readonly checkpoint: Uint8Array | null;
  /** Another checkpoint of the log, earlier or later, that somebody holds, and the proof that both are of one log. */
  readonly other: { readonly checkpoint: Uint8Array; readonly consistency: readonly Uint8Array[] } | null;
}

export function writeBundle(bundle: Bundle): string {
  return `${JSON.stringify(bundleJson(bundle), null, 2)}\n`;
}

/** The bundle as its JSON value. */
export function bundleJson(bundle: Bundle): object {
  const entry = (one: Entry | null) =>
    one && { index: one.index, leaf: base64(one.leaf), inclusion: one.inclusion.map(base64) };
  const { native, trust, other } = bundle;
  return {
    format: BUNDLE_FORMAT,
    message: bundle.message,
    subject: bundle.subject,
    envelope: base64(bundle.envelope),
    native: native && {
      bytes: base64(native.bytes),
      proof: native.proof,
      whole: native.whole && base64(native.whole),
    },
    received: bundle.received && base64(bundle.received),
    entry: entry(bundle.entry),
    receipts: bundle.receipts.map((one) => ({
      kind: one.kind,
      message: one.message,
      recipient: one.recipient,
      bytes: base64(one.bytes),
      entry: entry(one.entry),
    })),
    trust: { list: base64(trust.list), entry: entry(trust.entry) },
    chains: bundle.chains.map(({ kid, leaf, intermediate }) => ({
      kid,
      leaf: base64(leaf),
      intermediate: base64(intermediate),
    })),
    crls: bundle.crls.map(base64),
    checkpoint: bundle.checkpoint && textOf(bundle.checkpoint),
    other: other && { checkpoint: textOf(other.checkpoint), consistency: other.consistency.map(base64) },
  };
}

/** Reads the form alone, strictly; nothing in it is believed yet. */
export function parseBundle(bytes: Uint8Array): { ok: true; bundle: Bundle } | EvidenceRefusal {
  if (bytes.length > MAX_BUNDLE_BYTES) return refuse('evidence-too-large', '');
  const json = parseJson(bytes, MAX_BUNDLE_BYTES);
  if (!json.ok) return refuse('evidence-malformed', '', json.refusals[0]?.code);
  if (!isObject(json.value)) return refuse('evidence-malformed', '');
  if (json.value.format !== BUNDLE_FORMAT) return refuse('evidence-unknown-format', '/format');
  try {
    return { ok: true, bundle: readBundle(json.value) };
  } catch (error) {
    if (error instanceof Unread)
      return refuse(error.isMissing ? 'evidence-missing-part' : 'evidence-malformed', error.at);
    throw error;
  }
}

/** Leaves the reading of one bundle; never leaves this file. */
class Unread extends Error {
  readonly at: string;
  readonly isMissing: boolean;
  constructor(at: string, isMissing = false) {
    super(at);
    this.at = at;
    this.isMissing = isMissing;
  }
}

type Read<T> = (value: Json, at: string) => T;
type Shape = Readonly<Record<string, Read<unknown>>>;
type Of<S extends Shape> = { readonly [K in keyof S]: ReturnType<S[K]> };

const text: Read<string> = (value, at) => {
  if (typeof value !== 'string') throw new Unread(at);
  return value;
};
const bytes: Read<Uint8Array> = (value, at) => {
  const decoded = Buffer.from(text(value, at), 'base64');
  if (decoded.toString('base64') !== value) throw new Unread(at);
  return decoded;
};
const digest: Read<Uint8Array> = (value, at) => {
  const decoded = bytes(value, at);
  if (decoded.length !== 32) throw new Unread(at);
  return decoded;
};
const count: Read<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new Unread(at);
  return Number(value);
};
const note: Read<Uint8Array> = (value, at) => Buffer.from(text(value, at), 'utf8');
const listOf =
  <T>(read: Read<T>, most = MAX_LIST): Read<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value) || value.length > most) throw new Unread(at);
    return value.map((one: Json, i) => read(one, `${at}/${i}`));
  };
const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (value, at) =>
    value === null ? null : read(value, at);
const objectOf =
  <S extends Shape>(shape: S): Read<Of<S>> =>
  (value, at) => {
    if (!isObject(value)) throw new Unread(at);
    const unlisted = Object.keys(value).find((name) => !Object.hasOwn(shape, name));
    if (unlisted !== undefined) throw new Unread(at);
    const read = Object.entries(shape).map(([name, one]) => {
      const member = (value as JsonObject)[name];
      if (member === undefined) throw new Unread(`${at}/${name}`, true);
      return [name, one(member, `${at}/${name}`)];
    });
    return Object.fromEntries(read) as Of<S>;
  };

const entry = orNull(objectOf({ index: count, leaf: bytes, inclusion: listOf(digest, MAX_PROOF) }));
const bundleShape = objectOf({
  format: text,
  message: text,
  subject: text,
  envelope: bytes,
  native: orNull(objectOf({ bytes, proof: text, whole: orNull(bytes) })),
  received: orNull(bytes),
  entry,
  receipts: listOf(objectOf({ kind: text, message: text, recipient: text, bytes, entry })),
  trust: objectOf({ list: bytes, entry }),
  chains: listOf(objectOf({ kid: text, leaf: bytes, intermediate: bytes })),
  crls: listOf(bytes),
  checkpoint: orNull(note),
  other: orNull(objectOf({ checkpoint: note, consistency: listOf(digest, MAX_PROOF) })),
});

function readBundle(value: Json): Bundle {
  const { format: _, ...bundle } = bundleShape(value, '');
  return bundle;
}

function textOf(note: Uint8Array): string {
  return Buffer.from(note).toString('utf8');
}

function base64(given: Uint8Array): string {
  return Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('base64');
}
