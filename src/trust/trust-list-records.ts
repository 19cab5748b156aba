/** The lines of a trust list: a participant's envelope keys, and the keys of the exchanges' own protocols. */

import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { isObject } from '../contract/json.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import type { Alg, TrustEntry } from '../envelope/jws.ts';
import { ed25519Verify, es256Verify } from '../envelope/signers.ts';
import { isSm2Spki, readSm2PublicKey, type Sm2, sm2Verify } from './sm2.ts';

/** One envelope key. */
export interface TrustRecord {
  readonly participant: string;
  /** See {@link kidOf}. */
  readonly kid: string;
  readonly alg: Alg;
  /** Instants, RFC 3339 with +08:00; valid from `notBefore` up to, not including, `notAfter`. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly status: 'active' | 'revoked';
  /** Exactly when revoked: what was journaled before still stands. */
  readonly revokedAt?: string;
  /** SubjectPublicKeyInfo, DER in base64. */
  readonly spki: string;
  /** SM2 only: the user id that goes into Z_A. */
  readonly sm2Id?: string;
  /** Leaf and intermediate certificate, DER in base64. */
  readonly chain?: readonly [leaf: string, intermediate: string];
}

export type LinkAlg = 'RS256' | 'SM2-SM3' | 'ES256';

/** One key of an exchange's own protocol, so that its signature under native bytes can be checked years later. */
export interface LinkRecord {
  readonly exchange: string;
  /** Whose key it is. */
  readonly side: 'exchange' | 'gateway';
  /** See {@link linkKidOf}. */
  readonly kid: string;
  readonly alg: LinkAlg;
  readonly spki: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly status: 'active' | 'revoked';
  readonly revokedAt?: string;
  readonly sm2Id?: string;
}

const KID = /^[a-z0-9][a-z0-9:._-]{2,95}$/;
const PARTICIPANT = /^[a-z][a-z0-9-]{1,31}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+08:00$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4}){10,2000}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

type Check = (value: unknown) => boolean;
const text =
  (fits: (text: string) => boolean): Check =>
  (value) =>
    typeof value === 'string' && fits(value);
const oneOf = (...values: readonly string[]): Check => text((value) => values.includes(value));
const base64 = text((value) => BASE64.test(value) && Buffer.from(value, 'base64').toString('base64') === value);
export const isInstantText = (value: string): boolean => INSTANT.test(value) && !Number.isNaN(Date.parse(value));
const instant = text(isInstantText);
const sm2Id = text((value) => value.length >= 1 && value.length <= 256);

/** One line a member; `?` marks those that may be absent. */
const VALIDITY: Readonly<Record<string, Check>> = {
  kid: text((value) => KID.test(value)),
  notBefore: instant,
  notAfter: instant,
  status: oneOf('active', 'revoked'),
  'revokedAt?': instant,
  spki: base64,
  'sm2Id?': sm2Id,
};
const TRUST_MEMBERS: typeof VALIDITY = {
  participant: text((value) => PARTICIPANT.test(value)),
  alg: oneOf('Ed25519', 'ES256', 'SM2-SM3'),
  ...VALIDITY,
  'chain?': (value) => Array.isArray(value) && value.length === 2 && value.every(base64),
};
const LINK_MEMBERS: typeof VALIDITY = {
  exchange: text((value) => PARTICIPANT.test(value)),
  side: oneOf('exchange', 'gateway'),
  alg: oneOf('RS256', 'SM2-SM3', 'ES256'),
  ...VALIDITY,
};

/** `ctex:ed25519:9f86d081884c7d65`: names its owner and is bound to the key itself. */
export function kidOf(participant: string, alg: Alg, spki: Uint8Array): string {
  return `${participant}:${alg.toLowerCase()}:${shortHash(spki)}`;
}

/** `link:ctex:exchange:rs256:9f86d081884c7d65`. */
export function linkKidOf(exchange: string, side: LinkRecord['side'], alg: LinkAlg, spki: Uint8Array): string {
  return `link:${exchange}:${side}:${alg.toLowerCase()}:${shortHash(spki)}`;
}

export function trustRecordFaults(given: unknown, pointer: string): readonly Refusal[] {
  const faults = memberFaults(given, pointer, TRUST_MEMBERS);
  if (faults.length > 0) return faults;
  const record = given as unknown as TrustRecord;
  const spki = Buffer.from(record.spki, 'base64');
  if (record.kid !== kidOf(record.participant, record.alg, spki)) return [refuse('bad-format', `${pointer}/kid`)];
  if (record.chain !== undefined && !isFor(record.chain[0], spki)) return [refuse('inconsistent', `${pointer}/chain`)];
  return validityFaults(record, pointer);
}

export function linkRecordFaults(given: unknown, pointer: string): readonly Refusal[] {
  const faults = memberFaults(given, pointer, LINK_MEMBERS);
  if (faults.length > 0) return faults;
  const record = given as unknown as LinkRecord;
  const spki = Buffer.from(record.spki, 'base64');
  const kid = linkKidOf(record.exchange, record.side, record.alg, spki);
  if (record.kid !== kid) return [refuse('bad-format', `${pointer}/kid`)];
  if (linkAlgOf(spki) !== record.alg) return [refuse('bad-format', `${pointer}/spki`, record.alg)];
  return validityFaults(record, pointer);
}

/** The entry that verifies with this key; undefined when the key is not one for the stated algorithm. */
export function entryOf(record: TrustRecord, sm2: Sm2): TrustEntry | undefined {
  const { alg, spki, sm2Id: id } = record;
  const der = Buffer.from(spki, 'base64');
  try {
    if (alg === 'SM2-SM3') return { ...record, verify: sm2Verify(readSm2PublicKey(der, id), sm2) };
    if (isSm2Spki(der) || id !== undefined) return undefined;
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return { ...record, verify: alg === 'Ed25519' ? ed25519Verify(key) : es256Verify(key) };
  } catch {
    return undefined;
  }
}

/** The one algorithm a key of an exchange's own protocol is used with; undefined for any other key. */
export function linkAlgOf(spki: Uint8Array): LinkAlg | undefined {
  if (isSm2Spki(spki)) return 'SM2-SM3';
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return 'RS256';
    return key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1' ? 'ES256' : undefined;
  } catch {
    return undefined;
  }
}

type Validity = Pick<TrustEntry, 'notBefore' | 'notAfter' | 'status' | 'revokedAt'>;

/** Whether a key may be relied on for what happened at that instant (journal time). */
export function isValidAt(record: Validity, atMs: number): boolean {
  return validityOf(record)(atMs);
}

/** The same for one record asked again and again: its instants are read once. */
export function validityOf({ notBefore, notAfter, status, revokedAt }: Validity): (atMs: number) => boolean {
  const [fromMs, untilMs] = [Date.parse(notBefore), Date.parse(notAfter)];
  const revokedMs = revokedAt === undefined ? Number.NEGATIVE_INFINITY : Date.parse(revokedAt);
  return (atMs) => atMs >= fromMs && atMs < untilMs && (status === 'active' || atMs < revokedMs);
}

function memberFaults(given: unknown, pointer: string, members: typeof VALIDITY): readonly Refusal[] {
  if (!isObject(given)) return [refuse('wrong-type', pointer)];
  const faults = Object.entries(members).flatMap(([name, fits]) => {
    const member = name.replace('?', '');
    const value = given[member];
    if (value === undefined) return name.endsWith('?') ? [] : [refuse('missing-field', `${pointer}/${member}`)];
    return fits(value) ? [] : [refuse('bad-format', `${pointer}/${member}`)];
  });
  const unknown = Object.keys(given).filter((name) => !(name in members) && !(`${name}?` in members));
  return [...faults, ...unknown.map((name) => refuse('unknown-field', pointer, name.slice(0, 64)))];
}

function validityFaults(record: TrustRecord | LinkRecord, pointer: string): readonly Refusal[] {
  if (Date.parse(record.notAfter) <= Date.parse(record.notBefore))
    return [refuse('inconsistent', `${pointer}/notAfter`)];
  if ((record.status === 'revoked') !== (record.revokedAt !== undefined))
    return [refuse('inconsistent', `${pointer}/revokedAt`)];
  if (record.sm2Id !== undefined && record.alg !== 'SM2-SM3') return [refuse('inconsistent', `${pointer}/sm2Id`)];
  return [];
}

function isFor(leaf: string, spki: Uint8Array): boolean {
  try {
    const certificate = new X509Certificate(Buffer.from(leaf, 'base64'));
    return certificate.publicKey.export({ format: 'der', type: 'spki' }).equals(spki);
  } catch {
    return false;
  }
}

function shortHash(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex').slice(0, 16);
}
