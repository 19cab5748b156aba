/** Makes versions of the trust list: the one spelling of a payload, one operator's signature, several put together. */

import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { type Signer, signJws } from '../envelope/jws.ts';
import { splitJws } from '../envelope/shape.ts';
import { ed25519Signer } from '../envelope/signers.ts';
import { OPERATORS, operatorKid } from './trust-anchor.ts';
import { TRUST_FORMAT, type TrustPayload, trustProfile } from './trust-list.ts';
import type { LinkRecord, TrustRecord } from './trust-list-records.ts';

const RECORD_ORDER = ['participant', 'exchange', 'side', 'kid', 'alg', 'notBefore', 'notAfter'] as const;
const RECORD_END = ['status', 'revokedAt', 'spki', 'sm2Id', 'chain'] as const;

/** The same payload is always the same bytes, so two operators can sign it apart from each other. */
export function writePayload({ version, issuedAt, prev, entries, links }: TrustPayload): Uint8Array {
  const file = {
    format: TRUST_FORMAT,
    version,
    issuedAt,
    prev,
    entries: entries.map(inOrder),
    links: links.map(inOrder),
  };
  return Buffer.from(JSON.stringify(file), 'utf8');
}

export function operatorSigner(name: string, privateKey: KeyObject): Signer {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return ed25519Signer(operatorKid(name, spki), privateKey);
}

/** One version, signed by these operators: JWS in General JSON form. */
export function signTrustList(payload: TrustPayload, operators: readonly Signer[]): Promise<Uint8Array> {
  return signJws(writePayload(payload), { typ: trustProfile.typ, iss: OPERATORS }, operators);
}

/** The signatures of both under their common payload; undefined when the payloads differ or either is no JWS. */
export function joinSignatures(one: Uint8Array, other: Uint8Array): Uint8Array | undefined {
  const [a, b] = [splitJws(one), splitJws(other)];
  if (a === undefined || b === undefined || a.payload !== b.payload) return undefined;
  const kidOf = (part: { readonly protected: string }) =>
    String((JSON.parse(Buffer.from(part.protected, 'base64url').toString('utf8')) as { kid?: unknown }).kid);
  const parts = new Map([...a.signatures, ...b.signatures].map((part) => [kidOf(part), part]));
  const signatures = [...parts].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, part]) => part);
  return Buffer.from(JSON.stringify({ payload: a.payload, signatures }), 'latin1');
}

function inOrder(record: TrustRecord | LinkRecord): object {
  const given = record as unknown as Readonly<Record<string, unknown>>;
  const names = [...RECORD_ORDER, ...RECORD_END].filter((name) => given[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, given[name]]));
}
