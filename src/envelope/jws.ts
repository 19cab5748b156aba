/**
 * JWS in General JSON form (RFC 7515 §7.2.1), one or more signatures, reduced to what evidence needs.
 *
 * There is one spelling of everything: nobody without a key can turn a signed message into other bytes that still
 * verify, so the digest of the bytes identifies the message. A key is only ever found in the local trust list, which
 * also lays down its one algorithm. What is verified is what was received: nothing is re-serialised first.
 */

import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { type EnvelopeCode, type EnvelopeRefusal, refuse } from './codes.ts';
import { escapeStep, isObject, type JsonObject, parseExact } from './json.ts';
import { explainShape, type SplitJws, splitJws } from './shape.ts';
import { hasLowS } from './signers.ts';

/** `SM2-SM3` is a private name (no JOSE registration exists): r‖s over the SM3 of Z_A and the signing input. */
export type Alg = 'Ed25519' | 'ES256' | 'SM2-SM3';

export interface Signer {
  readonly kid: string;
  readonly alg: Alg;
  /** 64 bytes: Ed25519 as it is, ES256 and SM2 as r‖s. A promise where the key is elsewhere: a thread, a token. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface TrustEntry {
  readonly participant: string;
  readonly kid: string;
  readonly alg: Alg;
  /** Instants, RFC 3339; valid from `notBefore` up to, not including, `notAfter`. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly status: 'active' | 'revoked';
  /** When it was revoked, RFC 3339: what was journaled before still stands. Absent: revoked from the beginning. */
  readonly revokedAt?: string;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** Where a key id is looked up. */
export interface KeyIndex {
  find(kid: string): TrustEntry | undefined;
}

export interface TrustList extends KeyIndex {
  /** Every key listed for a participant, whatever its state: they say what it must have signed with. */
  keysOf(participant: string): readonly TrustEntry[];
}

export interface VerifiedSignature {
  /** The participant whose key it is. */
  readonly iss: string;
  readonly kid: string;
  readonly alg: Alg;
  /** base64url, as received. */
  readonly signature: string;
}

export interface OpenedJws {
  readonly ok: true;
  /** The protected header of the first signature, without alg and kid. Members are listed, their values unchecked. */
  readonly header: JsonObject;
  readonly payload: Uint8Array;
  readonly signatures: readonly VerifiedSignature[];
}

/** What one type of message may say in its protected header. */
export interface JwsProfile {
  readonly typ: string;
  readonly members: ReadonlySet<string>;
  /** Those of them in which signatures may differ; all others they share. */
  readonly own?: ReadonlySet<string>;
}

export interface VerifyOptions {
  /** The instant to judge keys and expiry by (journal time); left out, only signatures and form are judged. */
  readonly atMs?: number;
  /** Algorithms the issuer must have signed with, each: a stripped second signature is a downgrade. */
  readonly requireAlgs?: readonly Alg[];
  /** What is kept may be larger than what is taken in at a door (a day's books); absent: {@link MAX_JWS_BYTES}. */
  readonly maxBytes?: number;
}

/** A body of 1 MiB in base64url, and its headers. */
export const MAX_JWS_BYTES = 1_500_000;
const MAX_SIGNATURES = 4;
const ALGS: ReadonlySet<unknown> = new Set<Alg>(['Ed25519', 'ES256', 'SM2-SM3']);
const KID = /^[a-z0-9][a-z0-9:._-]{2,95}$/;
const KEY_BRINGERS: ReadonlySet<string> = new Set(['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256']);

/**
 * Signs a payload of any bytes; the same input gives the same signing input, hence with Ed25519 the same bytes.
 * @param header protected members without alg and kid, in the order they are to be written
 */
export function signJws(payload: Uint8Array, header: JsonObject, signers: readonly Signer[]): Promise<Uint8Array> {
  return signEach(
    payload,
    signers.map((signer) => ({ signer, header })),
  );
}

/** The same, with a protected header for each signature. */
export async function signEach(
  payload: Uint8Array,
  entries: readonly { readonly signer: Signer; readonly header: JsonObject }[],
): Promise<Uint8Array> {
  if (entries.length < 1 || entries.length > MAX_SIGNATURES) throw new RangeError('assertion: 1 to 4 signers');
  const body = encodeBase64url(payload);
  const inOrder = [...entries].sort((a, b) => (a.signer.kid < b.signer.kid ? -1 : 1));
  const signing = inOrder.map(async ({ signer, header }) => {
    const text = JSON.stringify({ alg: signer.alg, kid: signer.kid, ...header });
    const protectedPart = Buffer.from(text, 'utf8').toString('base64url');
    const signature = encodeBase64url(await signer.sign(Buffer.from(`${protectedPart}.${body}`, 'latin1')));
    return `{"protected":"${protectedPart}","signature":"${signature}"}`;
  });
  const signatures = await Promise.all(signing);
  return Buffer.from(`{"payload":"${body}","signatures":[${signatures.join(',')}]}`, 'latin1');
}

/** Verifies every signature, all of them by keys of the issuer named in the header; any doubt refuses the whole. */
export function openJws(
  bytes: Uint8Array,
  trust: KeyIndex,
  profile: JwsProfile,
  options: VerifyOptions = {},
): OpenedJws | EnvelopeRefusal {
  if (bytes.length > (options.maxBytes ?? MAX_JWS_BYTES)) return refuse('too-large', '');
  const split = splitJws(bytes);
  if (split === undefined) return explainShape(bytes);
  const payload = decodeBase64url(split.payload);
  if (payload === undefined) return refuse('base64url-loose', '/payload');
  if (split.signatures.length > MAX_SIGNATURES) return refuse('signature-count', '/signatures');

  const signatures: VerifiedSignature[] = [];
  let shared: JsonObject | undefined;
  let sharedText = '';
  for (const [index, part] of split.signatures.entries()) {
    const pointer = `/signatures/${index}`;
    const header = readHeader(part.protected, `${pointer}/protected`, profile);
    if (!header.ok) return header;
    const { alg, kid, rest } = header;
    if (signatures.some((earlier) => earlier.kid >= kid)) return refuse('signature-order', pointer, kid);
    if (shared === undefined) shared = rest;
    else {
      sharedText ||= sharedOf(shared, profile);
      if (sharedOf(rest, profile) !== sharedText) return refuse('headers-differ', `${pointer}/protected`);
    }
    const refused = verifyOne(part, split.payload, alg, kid, rest.iss, trust, options.atMs);
    if (refused !== undefined) return refuse(refused, `${pointer}/${PLACE[refused] ?? 'signature'}`, kid);
    signatures.push({ iss: String(rest.iss), kid, alg, signature: part.signature });
  }
  if (shared === undefined) return refuse('signature-count', '/signatures');
  for (const alg of options.requireAlgs ?? []) {
    if (!signatures.some((signature) => signature.alg === alg)) return refuse('alg-required', '/signatures', alg);
  }
  return { ok: true, header: shared, payload, signatures };
}

/** What all signatures must protect alike. */
function sharedOf(header: JsonObject, { own }: JwsProfile): string {
  return JSON.stringify(header, own === undefined ? undefined : (name, value) => (own.has(name) ? undefined : value));
}

/** Where a refused signature went wrong, when it is not the signature itself. */
const PLACE: Partial<Record<EnvelopeCode, string>> = {
  'kid-unknown': 'protected/kid',
  'key-revoked': 'protected/kid',
  'key-not-valid': 'protected/kid',
  'alg-mismatch': 'protected/alg',
  'issuer-mismatch': 'protected/iss',
};

function verifyOne(
  part: SplitJws['signatures'][number],
  payload: string,
  alg: Alg,
  kid: string,
  iss: unknown,
  trust: KeyIndex,
  atMs: number | undefined,
): EnvelopeCode | undefined {
  const entry = trust.find(kid);
  if (entry === undefined || entry.kid !== kid) return 'kid-unknown';
  if (entry.alg !== alg) return 'alg-mismatch';
  if (entry.participant !== iss) return 'issuer-mismatch';
  const stands = standingOf(entry, atMs);
  if (stands !== undefined) return stands;
  const signature = decodeBase64url(part.signature);
  if (signature === undefined) return 'base64url-loose';
  if (signature.length !== 64) return 'signature-invalid';
  if (alg === 'ES256' && !hasLowS(signature)) return 'signature-malleable';
  const signed = Buffer.from(`${part.protected}.${payload}`, 'latin1');
  return entry.verify(signed, signature) === true ? undefined : 'signature-invalid';
}

/** Whether a key counted at an instant (journal time): undefined when it did, else why not. */
export function standingOf(entry: TrustEntry, atMs: number | undefined): 'key-revoked' | 'key-not-valid' | undefined {
  if (entry.status !== 'active') {
    // Revocation counts from its own instant: what was journaled earlier stays proven (certs/README.md, Rotation).
    const stood = atMs !== undefined && entry.revokedAt !== undefined && atMs < Date.parse(entry.revokedAt);
    if (!stood) return 'key-revoked';
  }
  if (atMs === undefined) return undefined;
  return atMs >= Date.parse(entry.notBefore) && atMs < Date.parse(entry.notAfter) ? undefined : 'key-not-valid';
}

function readHeader(
  text: string,
  pointer: string,
  profile: JwsProfile,
): { ok: true; alg: Alg; kid: string; rest: JsonObject } | EnvelopeRefusal {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) return refuse('base64url-loose', pointer);
  const parsed = parseExact(bytes, pointer);
  if (!parsed.ok) return parsed;
  for (const name of Object.keys(parsed.object)) {
    const at = `${pointer}/${escapeStep(name)}`;
    if (KEY_BRINGERS.has(name)) return refuse('key-supplied', at, name);
    if (name === 'crit') return refuse('crit-unsupported', at);
    if (name !== 'alg' && name !== 'kid' && !profile.members.has(name)) return refuse('unlisted-member', at, name);
  }
  const { alg, kid, ...rest } = parsed.object;
  if (!ALGS.has(alg)) return refuse('alg-unsupported', `${pointer}/alg`, String(alg));
  if (typeof kid !== 'string' || !KID.test(kid)) return refuse('kid-malformed', `${pointer}/kid`);
  if (!isObject(rest) || rest.typ !== profile.typ) return refuse('typ-unexpected', `${pointer}/typ`);
  return { ok: true, alg: alg as Alg, kid, rest };
}
