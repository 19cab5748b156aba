/**
 * Ed25519 (RFC 8037, named `Ed25519` by RFC 9864) and ES256 (RFC 7518 §3.4) on keys that are handed in.
 * SM2-SM3 comes from `src/trust`, behind the same `Signer`.
 */

import { type KeyObject, sign, verify } from 'node:crypto';
import type { Signer } from './jws.ts';

/** The order n of P-256, and half of it as bytes to compare with. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P256_HALF = Buffer.from((P256_ORDER / 2n).toString(16).padStart(64, '0'), 'hex');

/** A signer whose key is in this process: signing is one call, without waiting. */
export interface LocalSigner extends Signer {
  sign(bytes: Uint8Array): Uint8Array;
}

export function ed25519Signer(kid: string, privateKey: KeyObject): LocalSigner {
  expectKey(privateKey, 'private', 'ed25519');
  return { kid, alg: 'Ed25519', sign: (bytes) => sign(null, bytes, privateKey) };
}

export function ed25519Verify(publicKey: KeyObject): (bytes: Uint8Array, signature: Uint8Array) => boolean {
  expectKey(publicKey, 'public', 'ed25519');
  return (bytes, signature) => verify(null, bytes, publicKey, signature);
}

/** Signatures are r‖s, 64 bytes, with the lower s. */
export function es256Signer(kid: string, privateKey: KeyObject): LocalSigner {
  expectKey(privateKey, 'private', 'ec', 'prime256v1');
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return { kid, alg: 'ES256', sign: (bytes) => withLowS(sign('sha256', bytes, key)) };
}

/** Verifies either s, as RFC 7518 does; that envelopes only admit the lower one is `jws.ts`'s rule. */
export function es256Verify(publicKey: KeyObject): (bytes: Uint8Array, signature: Uint8Array) => boolean {
  expectKey(publicKey, 'public', 'ec', 'prime256v1');
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  return (bytes, signature) => signature.length === 64 && verify('sha256', bytes, key, signature);
}

/** With (r, s) also (r, n−s) verifies, for anyone to make: only one of the two may count. */
export function hasLowS(signature: Uint8Array): boolean {
  return Buffer.compare(signature.subarray(32), P256_HALF) <= 0;
}

/** Gives the same signature with the lower s. */
export function withLowS(signature: Uint8Array): Uint8Array {
  if (hasLowS(signature)) return signature;
  const s = P256_ORDER - BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
}

/** A key of the wrong kind here is our bug (the trust list is checked when it is read), so it stops the process. */
function expectKey(key: KeyObject, type: string, family: string, curve?: string): void {
  const fits =
    key.type === type &&
    key.asymmetricKeyType === family &&
    (curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve);
  if (!fits) throw new TypeError(`assertion: a ${type} ${curve ?? family} key is needed here`);
}
