/**
 * The four kinds of key a certificate may hold, and the one signature each of them makes. A signature's AlgorithmIdentifier
 * is compared byte by byte with this table: parameters that should not be there are another algorithm.
 */

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { rsOfDer } from '../der.ts';
import { isSm2Spki, makeSm2Pem, nativeSm2, readSm2PrivateKey, readSm2PublicKey, type Sm2 } from '../sm2.ts';
import { chooseSm2 } from '../sm2-check.ts';
import { bitsOf, fieldsOf, hexOf, readDer, sameBytes, TAG, writeBits, writeDer } from './asn1.ts';

export type KeyKind = 'ed25519' | 'p256' | 'rsa' | 'sm2';

/** AlgorithmIdentifier, DER in hex. RFC 8410 §3, RFC 5758 §3.2, RFC 4055 §5, GM/T 0006 (SM2 with SM3). */
export const SIGNATURES: Readonly<Record<KeyKind, string>> = {
  ed25519: '300506032b6570',
  p256: '300a06082a8648ce3d040302',
  rsa: '300d06092a864886f70d01010b0500',
  sm2: '300a06082a811ccf55018375',
};

/** trust.md §3: RSA of at least 2048 bits; the upper bound keeps one verification cheap. */
export const RSA_BITS = { minimum: 2048, maximum: 4096 } as const;

export interface PublicKey {
  readonly kind: KeyKind;
  readonly spki: Uint8Array;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

export interface PrivateKey {
  readonly kind: KeyKind;
  readonly spki: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** @param spki SubjectPublicKeyInfo, DER. Undefined unless it is one of the four kinds, strong enough, in its one encoding */
export function readPublicKey(spki: Uint8Array, sm2: Sm2): PublicKey | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    if (!sameBytes(key.export({ format: 'der', type: 'spki' }), spki)) return undefined;
    if (isSm2Spki(spki)) {
      const publicKey = readSm2PublicKey(spki);
      return { kind: 'sm2', spki, verify: (bytes, signature) => sm2.verify(publicKey, bytes, signature) };
    }
    const { modulusLength = 0, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
    switch (key.asymmetricKeyType) {
      case 'ed25519':
        return { kind: 'ed25519', spki, verify: (bytes, signature) => verify(null, bytes, key, signature) };
      case 'ec':
        if (namedCurve !== 'prime256v1' || spki.length !== 91) return undefined; // 91: the uncompressed point
        return {
          kind: 'p256',
          spki,
          verify: (bytes, der) => rsOfDer(der) !== undefined && verify('sha256', bytes, key, der),
        };
      case 'rsa':
        if (modulusLength < RSA_BITS.minimum || modulusLength > RSA_BITS.maximum) return undefined;
        if (publicExponent !== 65_537n) return undefined;
        return { kind: 'rsa', spki, verify: (bytes, signature) => verify('sha256', bytes, key, signature) };
      default:
        return undefined;
    }
  } catch {
    return undefined; // not an SPKI, or a point that is not on its curve
  }
}

/** @param pem PKCS#8, not encrypted. @throws when it holds none of the four kinds */
export function readPrivateKey(pem: string): PrivateKey {
  const key = createPrivateKey(pem);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const kind = readPublicKey(spki, nativeSm2)?.kind; // nothing is verified with it here
  switch (kind) {
    case undefined:
      throw new TypeError('neither Ed25519, nor P-256, nor RSA of 2048 to 4096 bits, nor SM2');
    case 'sm2': {
      const sm2Key = readSm2PrivateKey(pem);
      const sm2 = chooseSm2();
      return { kind, spki, sign: (bytes) => sm2.sign(sm2Key, bytes) };
    }
    case 'ed25519':
      return { kind, spki, sign: (bytes) => sign(null, bytes, key) };
    default:
      return { kind, spki, sign: (bytes) => sign('sha256', bytes, key) };
  }
}

/** A fresh private key, PKCS#8 PEM without encryption. */
export function makeKeyPem(kind: KeyKind): string {
  if (kind === 'sm2') return makeSm2Pem();
  const { privateKey } =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : kind === 'p256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: RSA_BITS.minimum });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING }: the frame of certificates, requests and CRLs. */
export function signedDer(tbs: Uint8Array, key: PrivateKey): Uint8Array {
  return writeDer(TAG.sequence, tbs, Buffer.from(SIGNATURES[key.kind], 'hex'), writeBits(key.sign(tbs)));
}

/** RFC 7093 §2 (1): the first 160 bits of SHA-256 over the key's bits. */
export function keyIdentifierOf(spki: Uint8Array): Uint8Array {
  const fields = fieldsOf(readDer(spki));
  fields.take(TAG.sequence);
  const bits = bitsOf(fields.take(TAG.bitString));
  return createHash('sha256').update(bits).digest().subarray(0, 20);
}

/** What two people read to each other: SHA-256 of the SPKI, in hex. */
export function fingerprintOf(spki: Uint8Array): string {
  return hexOf(createHash('sha256').update(spki).digest());
}
