/**
 * The local trust list: the only place where a key id is looked up, and what fixes its owner, algorithm and validity.
 * A public file (`trust.json`): no private material, so it can be given to anyone who verifies evidence.
 */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { isObject, parseJson } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import type { Alg, TrustEntry, TrustList } from '../envelope/jws.ts';
import { ed25519Verify, es256Verify } from '../envelope/signers.ts';
import { isSm2Spki, readSm2PublicKey, type Sm2, sm2Verify } from './sm2.ts';

/** One line of the file. */
export interface TrustRecord {
  readonly participant: string;
  readonly kid: string;
  readonly alg: Alg;
  /** Instants, RFC 3339 with +08:00. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly status: 'active' | 'revoked';
  readonly revokedAt?: string;
  /** SubjectPublicKeyInfo, DER in base64. */
  readonly spki: string;
  /** SM2 only: the user id that goes into Z_A. */
  readonly sm2Id?: string;
}

export interface LocalTrustList extends TrustList {
  readonly records: readonly TrustRecord[];
}

const FORMAT = 'qiao-trust-list/1';
const MAX_ENTRIES = 10_000;
const KID = /^[a-z0-9][a-z0-9:._-]{2,95}$/;
const PARTICIPANT = /^[a-z][a-z0-9-]{1,31}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+08:00$/;
const BASE64 = /^[A-Za-z0-9+/]{40,400}={0,2}$/;
const isInstant = (text: string): boolean => INSTANT.test(text) && !Number.isNaN(Date.parse(text));

/** One line a member; `?` marks those that may be absent. */
const MEMBERS: Readonly<Record<string, (text: string) => boolean>> = {
  participant: (text) => PARTICIPANT.test(text),
  kid: (text) => KID.test(text),
  alg: (text) => text === 'Ed25519' || text === 'ES256' || text === 'SM2-SM3',
  notBefore: isInstant,
  notAfter: isInstant,
  status: (text) => text === 'active' || text === 'revoked',
  'revokedAt?': isInstant,
  spki: (text) => BASE64.test(text),
  'sm2Id?': (text) => text.length >= 1 && text.length <= 256,
};

/** `ctex:ed25519:9f86d081884c7d65`: names its owner and is bound to the key itself. */
export function kidOf(participant: string, alg: Alg, spki: Uint8Array): string {
  return `${participant}:${alg.toLowerCase()}:${createHash('sha256').update(spki).digest('hex').slice(0, 16)}`;
}

export function writeTrustList(records: readonly TrustRecord[]): string {
  return `${JSON.stringify({ format: FORMAT, entries: records }, null, 2)}\n`;
}

/** Reads a trust list; every fault is given. Key objects are made here once, so that verifying is only verifying. */
export function parseTrustList(bytes: Uint8Array, sm2: Sm2): Checked<LocalTrustList> {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const file = json.value;
  if (!isObject(file)) return refused(refuse('wrong-type'));
  if (file.format !== FORMAT) return refused(refuse('unknown-kind', '/format', FORMAT));
  if (!Array.isArray(file.entries) || file.entries.length > MAX_ENTRIES)
    return refused(refuse('wrong-type', '/entries'));
  const faults: Refusal[] = [];
  const records: TrustRecord[] = [];
  const byKid = new Map<string, TrustEntry>();
  for (const [index, given] of file.entries.entries()) {
    const pointer = `/entries/${index}`;
    const found = recordFaults(given, pointer);
    faults.push(...found);
    if (found.length > 0) continue;
    const record = given as unknown as TrustRecord;
    const verify = verifyWith(record, sm2);
    if (verify === undefined) faults.push(refuse('bad-format', `${pointer}/spki`, record.alg));
    else if (byKid.has(record.kid)) faults.push(refuse('duplicate-key', `${pointer}/kid`, record.kid));
    else {
      records.push(record);
      byKid.set(record.kid, { ...record, verify });
    }
  }
  if (faults.length > 0) return refused(...faults);
  return accepted({ records, find: (kid) => byKid.get(kid) });
}

function recordFaults(given: unknown, pointer: string): readonly Refusal[] {
  if (!isObject(given)) return [refuse('wrong-type', pointer)];
  const faults = Object.entries(MEMBERS).flatMap(([name, fits]) => {
    const member = name.replace('?', '');
    const value = given[member];
    if (value === undefined) return name.endsWith('?') ? [] : [refuse('missing-field', `${pointer}/${member}`)];
    return typeof value === 'string' && fits(value) ? [] : [refuse('bad-format', `${pointer}/${member}`)];
  });
  const unknown = Object.keys(given).filter((name) => !(name in MEMBERS) && !(`${name}?` in MEMBERS));
  return [...faults, ...unknown.map((name) => refuse('unknown-field', pointer, name.slice(0, 64)))];
}

/** Undefined when the key is not one for the stated algorithm. */
function verifyWith({ alg, spki, sm2Id }: TrustRecord, sm2: Sm2): TrustEntry['verify'] | undefined {
  const der = Buffer.from(spki, 'base64');
  try {
    if (alg === 'SM2-SM3') return sm2Verify(readSm2PublicKey(der, sm2Id), sm2);
    if (isSm2Spki(der) || sm2Id !== undefined) return undefined;
    const key: KeyObject = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return alg === 'Ed25519' ? ed25519Verify(key) : es256Verify(key);
  } catch {
    return undefined;
  }
}
