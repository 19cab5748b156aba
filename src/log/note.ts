/**
 * Signed notes (C2SP signed-note v1): a text, an empty line, and signature lines
 *
 *     — <key name> base64(key id, 4 bytes ‖ signature)
 *
 * Verifier keys are `<name>+<key id, hex>+base64(type ‖ public key)`, the key id the first four bytes of
 * SHA-256(name ‖ 0x0A ‖ type ‖ public key). Types known here:
 *
 * | type | public key | signature |
 * |---|---|---|
 * | 0x01 Ed25519 | 32 bytes, RFC 8032 | 64 bytes over the text |
 * | 0x04 cosignature | 32 bytes, RFC 8032 | see cosignature.ts |
 * | 0xff ‖ `qiao/sm2-sm3` ‖ 0x0A | SubjectPublicKeyInfo in DER, 91 bytes | r‖s, 64 bytes: SM2 with SM3 over the text, user id 1234567812345678 (GB/T 32918.2, GB/T 35276) |
 *
 * 0xff is the specification's room for types it does not assign; the words behind it keep ours apart from others'.
 */

import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

export interface Note {
  /** With its final line break. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  /** uint32. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

export type NoteKeyType = 'ed25519' | 'cosignature' | 'sm2';

export interface VerifierKey {
  readonly name: string;
  /** uint32. */
  readonly id: number;
  readonly type: NoteKeyType;
  /** As the table above has it. */
  readonly publicKey: Uint8Array;
}

/** Whether r‖s is the SM2 signature of that key over these bytes; comes from src/trust. */
export type Sm2Check = (spki: Uint8Array, bytes: Uint8Array, rs: Uint8Array) => boolean;

/** One line of a note to be. */
export interface NoteSigner {
  readonly name: string;
  readonly id: number;
  /** Over the note's text in UTF-8. */
  sign(text: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const PREFIX: Readonly<Record<NoteKeyType, Buffer>> = {
  ed25519: Buffer.from([0x01]),
  cosignature: Buffer.from([0x04]),
  sm2: Buffer.from('\u00ffqiao/sm2-sm3\n', 'latin1'),
};
const KEY_LENGTH: Readonly<Record<NoteKeyType, number>> = { ed25519: 32, cosignature: 32, sm2: 91 };
/** Everything in an Ed25519 SubjectPublicKeyInfo (RFC 8410) before the key. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** The specification asks for at least 16 signatures. */
const MOST_SIGNATURES = 64;
const MOST_BYTES = 65_536;
const EM_DASH = '—';
const SIGNATURE_LINE = /^— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})$/u;
const VERIFIER_KEY = /^([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note may not hold
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** Reads the form only; the text must not be believed before a signature is verified. Undefined when it is no note. */
export function parseNote(bytes: Uint8Array): Note | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  const whole = decodeUtf8(bytes);
  if (whole === undefined || CONTROL.test(whole) || !whole.endsWith('\n')) return undefined;
  const gap = whole.lastIndexOf('\n\n');
  if (gap < 0) return undefined;
  const signatures = parseSignatures(whole.slice(gap + 2));
  return signatures === undefined ? undefined : { text: whole.slice(0, gap + 1), signatures };
}

/** One or more signature lines, each with its line break; undefined otherwise. */
export function parseSignatures(lines: string): readonly NoteSignature[] | undefined {
  if (!lines.endsWith('\n')) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines.slice(0, -1).split('\n')) {
    const match = SIGNATURE_LINE.exec(line);
    const bytes = match?.[2] === undefined ? undefined : decodeBase64(match[2]);
    if (match?.[1] === undefined || bytes === undefined || bytes.length < 5) return undefined;
    if (signatures.length === MOST_SIGNATURES) return undefined;
    signatures.push({ name: match[1], id: bytes.readUInt32BE(0), bytes: bytes.subarray(4) });
  }
  return signatures;
}

export function signatureLine({ name, id, bytes }: NoteSignature): string {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(id);
  return `${EM_DASH} ${name} ${Buffer.concat([head, bytes]).toString('base64')}\n`;
}

export function writeNote({ text, signatures }: Note): Uint8Array {
  return Buffer.from(`${text}\n${signatures.map(signatureLine).join('')}`, 'utf8');
}

export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8');
  const signatures = await Promise.all(
    signers.map(async ({ name, id, sign }) => ({ name, id, bytes: await sign(bytes) })),
  );
  return writeNote({ text, signatures });
}

export function noteSigner(key: VerifierKey, sign: NoteSigner['sign']): NoteSigner {
  return { name: key.name, id: key.id, sign };
}

/** @param spki the public key, SubjectPublicKeyInfo in DER: Ed25519, or SM2 for type `sm2` */
export function verifierKey(name: string, type: NoteKeyType, spki: Uint8Array): VerifierKey {
  const publicKey = type === 'sm2' ? spki : spki.subarray(ED25519_SPKI.length);
  const fits = type === 'sm2' || ED25519_SPKI.equals(spki.subarray(0, ED25519_SPKI.length));
  if (!fits || publicKey.length !== KEY_LENGTH[type]) throw new TypeError(`assertion: not a key for type ${type}`);
  return { name, id: keyId(name, type, publicKey), type, publicKey };
}

export function writeVerifierKey({ name, id, type, publicKey }: VerifierKey): string {
  const material = Buffer.concat([PREFIX[type], publicKey]).toString('base64');
  return `${name}+${id.toString(16).padStart(8, '0')}+${material}`;
}

/** Undefined for what is no verifier key, whose key id is not its own, or of a type not known here. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const match = VERIFIER_KEY.exec(text);
  const [, name, id, encoded] = match ?? [];
  const material = encoded === undefined ? undefined : decodeBase64(encoded);
  if (name === undefined || id === undefined || material === undefined) return undefined;
  for (const type of ['ed25519', 'cosignature', 'sm2'] as const) {
    const prefix = PREFIX[type];
    if (!prefix.equals(material.subarray(0, prefix.length))) continue;
    const publicKey = material.subarray(prefix.length);
    if (publicKey.length !== KEY_LENGTH[type] || keyId(name, type, publicKey) !== Number.parseInt(id, 16)) continue;
    return { name, id: Number.parseInt(id, 16), type, publicKey };
  }
  return undefined;
}

/** Whether a line is by this key: name and id both. */
export function isBy(signature: NoteSignature, key: VerifierKey): boolean {
  return signature.name === key.name && signature.id === key.id;
}

/** The signature over the text itself: types `ed25519` and `sm2`. */
export function verifyNoteSignature(key: VerifierKey, text: string, signature: Uint8Array, sm2: Sm2Check): boolean {
  if (signature.length !== 64) return false;
  const bytes = Buffer.from(text, 'utf8');
  if (key.type === 'sm2') return sm2(key.publicKey, bytes, signature);
  return key.type === 'ed25519' && verify(null, bytes, ed25519Key(key), signature);
}

export function ed25519Key({ publicKey }: VerifierKey): KeyObject {
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' });
}

function keyId(name: string, type: NoteKeyType, publicKey: Uint8Array): number {
  return createHash('sha256').update(`${name}\n`).update(PREFIX[type]).update(publicKey).digest().readUInt32BE(0);
}

/** Only the one spelling that an encoder gives: otherwise one signature would have many lines. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
