import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { EnvelopeHeader } from '../../src/envelope/header.ts';
import type { Alg, TrustEntry, TrustList } from '../../src/envelope/jws.ts';
import {
  ed25519Signer,
  ed25519Verify,
  es256Signer,
  es256Verify,
  type LocalSigner,
} from '../../src/envelope/signers.ts';

/** A participant's fresh key, its trust entry, and the key objects for oracles. */
export interface TestKey {
  readonly signer: LocalSigner;
  readonly entry: TrustEntry;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function testKey(
  participant: string,
  alg: 'Ed25519' | 'ES256',
  kid = `${participant}:${alg.toLowerCase()}:1`,
): TestKey {
  const { privateKey, publicKey } =
    alg === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = alg === 'Ed25519' ? ed25519Signer(kid, privateKey) : es256Signer(kid, privateKey);
  const verify = alg === 'Ed25519' ? ed25519Verify(publicKey) : es256Verify(publicKey);
  return { signer, entry: trustEntry(participant, kid, alg, verify), privateKey, publicKey };
}

export function trustEntry(participant: string, kid: string, alg: Alg, verify: TrustEntry['verify']): TrustEntry {
  return {
    participant,
    kid,
    alg,
    notBefore: '2026-01-01T00:00:00+08:00',
    notAfter: '2027-01-01T00:00:00+08:00',
    status: 'active',
    verify,
  };
}

export function trusting(...entries: readonly TrustEntry[]): TrustList {
  const byKid = new Map(entries.map((entry) => [entry.kid, entry]));
  return {
    find: (kid) => byKid.get(kid),
    keysOf: (participant) => entries.filter((entry) => entry.participant === participant),
  };
}

export const atMs = Date.parse('2026-03-02T09:30:00+08:00');

export function header(change: Partial<EnvelopeHeader> = {}): EnvelopeHeader {
  return {
    typ: 'fed-msg+jws',
    iss: 'ctex',
    aud: ['stex', 'szse'],
    jti: 'ctex:EV-0001',
    iat: atMs / 1000,
    kind: 'listing',
    contract: '1.0.0',
    rulebook: 'a'.repeat(64),
    stream: 'listing/ctex:TJ2026-000123/ctex',
    seq: 1,
    prev: null,
    nat: 'b'.repeat(64),
    ...change,
  };
}

/** Puts a JWS together by hand, to make the ones our own signer never would. */
export function handMade(protectedText: string, payload: Uint8Array, sign: (bytes: Uint8Array) => Uint8Array): string {
  const head = Buffer.from(protectedText).toString('base64url');
  const body = Buffer.from(payload).toString('base64url');
  const signature = Buffer.from(sign(Buffer.from(`${head}.${body}`))).toString('base64url');
  return `{"payload":"${body}","signatures":[{"protected":"${head}","signature":"${signature}"}]}`;
}
