import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Alg, Signer } from '../../src/envelope/jws.ts';
import { verifierKey, writeVerifierKey } from '../../src/log/note.ts';
import { makeKeyPem } from '../../src/trust/pki/keys.ts';
import { nativeSm2, readSm2PrivateKey } from '../../src/trust/sm2.ts';
import { ANCHOR_FORMAT, type TrustAnchor } from '../../src/trust/trust-anchor.ts';
import { type LocalTrustList, readTrustList, TRUST_FORMAT, type TrustPayload } from '../../src/trust/trust-list.ts';
import {
  kidOf,
  type LinkAlg,
  type LinkRecord,
  linkKidOf,
  type TrustRecord,
} from '../../src/trust/trust-list-records.ts';
import { operatorSigner, signTrustList } from '../../src/trust/trust-list-write.ts';

/** Trust lists of a federation that exists for one test: keys without certificates, operators a and b, and mallory. */
export interface TestOperators {
  readonly anchor: TrustAnchor;
  readonly a: Signer;
  readonly b: Signer;
  /** Signs like an operator and is none. */
  readonly mallory: Signer;
}

export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

export function makeOperators(): TestOperators {
  const [a, b, mallory, log, witness] = Array.from({ length: 5 }, () => generateKeyPairSync('ed25519').privateKey);
  const operator = (name: string, key: KeyObject) => ({ name, spki: spkiOf(key).toString('base64') });
  return {
    anchor: {
      format: ANCHOR_FORMAT,
      demo: true,
      roots: [Buffer.alloc(48, 1).toString('base64')],
      operators: [operator('a', a!), operator('b', b!)],
      operatorQuorum: 2,
      log: { origin: 'qiao/log', keys: [writeVerifierKey(verifierKey('qiao/log', 'ed25519', spkiOf(log!)))] },
      witnesses: [
        { exchange: 'ctex', key: writeVerifierKey(verifierKey('ctex/witness', 'cosignature', spkiOf(witness!))) },
      ],
      quorum: 1,
    },
    a: operatorSigner('a', a!),
    b: operatorSigner('b', b!),
    mallory: operatorSigner('mallory', mallory!),
  };
}

export const TERM = {
  notBefore: '2026-01-01T00:00:00+08:00',
  notAfter: '2027-01-01T00:00:00+08:00',
  status: 'active',
} as const;

export function trustRecord(participant: string, alg: Alg, term: Partial<TrustRecord> = {}): TrustRecord {
  const spki =
    alg === 'SM2-SM3'
      ? Buffer.from(readSm2PrivateKey(makeKeyPem('sm2')).public.spki)
      : spkiOf(
          alg === 'Ed25519'
            ? generateKeyPairSync('ed25519').privateKey
            : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        );
  const kid = kidOf(participant, alg, spki);
  return { participant, kid, alg, ...TERM, ...term, spki: spki.toString('base64') };
}

export function linkRecord(exchange: string, side: LinkRecord['side'], term: Partial<LinkRecord> = {}): LinkRecord {
  const spki = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const alg: LinkAlg = 'ES256';
  return {
    exchange,
    side,
    kid: linkKidOf(exchange, side, alg, spki),
    alg,
    ...TERM,
    ...term,
    spki: spki.toString('base64'),
  };
}

/** The version after `previous` (or the first), signed by both unless told otherwise. */
export function signNext(
  operators: TestOperators,
  previous: LocalTrustList | undefined,
  change: Partial<TrustPayload> = {},
  by: readonly Signer[] = [operators.a, operators.b],
): Promise<Uint8Array> {
  const payload: TrustPayload = {
    format: TRUST_FORMAT,
    version: (previous?.version ?? 0) + 1,
    issuedAt: previous?.payload.issuedAt ?? TERM.notBefore,
    prev: previous?.sha256 ?? null,
    entries: previous?.records ?? [],
    links: previous?.links ?? [],
    ...change,
  };
  return signTrustList(payload, by);
}

/** The same, read back; throws where it is refused. */
export async function nextList(
  operators: TestOperators,
  previous: LocalTrustList | undefined,
  change: Partial<TrustPayload> = {},
): Promise<LocalTrustList> {
  const read = readTrustList(await signNext(operators, previous, change), operators.anchor, nativeSm2);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.list;
}
