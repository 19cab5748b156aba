/**
 * SM2 signatures with SM3 (GB/T 32918.2), including Z_A, on `node:crypto`.
 *
 * OpenSSL's one-shot call uses an empty user id, so it is not the SM2 of the standard. The streaming call hashes what it
 * is given and signs that digest: fed Z_A first, it is. This is not documented, hence the known-answer test in
 * `sm2-check.ts`. Two traps: a freshly *generated* key object signs plain ECDSA (only a decoded one is SM2), and
 * `dsaEncoding` is ignored, so r‖s is converted here.
 */

import type { KeyObject } from 'node:crypto';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
} from 'node:crypto';
import type { Signer } from '../envelope/jws.ts';
import type { LocalSigner } from '../envelope/signers.ts';
import { derOfRs, rsOfDer } from './der.ts';

/** The user id GB/T 35276 lays down where the parties have agreed on no other. */
export const DEFAULT_SM2_ID = '1234567812345678';

export interface Sm2PublicKey {
  readonly key: KeyObject;
  readonly id: string;
  /** SubjectPublicKeyInfo, 91 bytes. */
  readonly spki: Uint8Array;
  /** GB/T 32918.2 §5.5: the hash of id, curve and public key that goes in front of every message. 32 bytes. */
  readonly za: Uint8Array;
}

export interface Sm2PrivateKey {
  readonly key: KeyObject;
  readonly public: Sm2PublicKey;
}

/** SM2 as GB/T 32918.2 has it; signatures are DER. Bad signatures give false, never an error. */
export interface Sm2 {
  readonly name: string;
  sign(key: Sm2PrivateKey, bytes: Uint8Array): Uint8Array;
  verify(key: Sm2PublicKey, bytes: Uint8Array, der: Uint8Array): boolean;
  /** The same on other threads, where there are any: one signature is a quarter of a millisecond. */
  readonly elsewhere?: Sm2Elsewhere;
}

export interface Sm2Elsewhere {
  sign(key: Sm2PrivateKey, bytes: Uint8Array): Promise<Uint8Array>;
  verify(key: Sm2PublicKey, bytes: Uint8Array, der: Uint8Array): Promise<boolean>;
}

/** a, b, x_G, y_G of the curve (GB/T 32918.5), as they enter Z_A. */
const CURVE = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  'hex',
);
/** Everything in an SPKI before x‖y: id-ecPublicKey, curve 1.2.156.10197.1.301, uncompressed point. */
const SPKI_HEAD = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d03420004', 'hex');

export const nativeSm2: Sm2 = {
  name: 'node:crypto',
  sign: ({ key, public: { za } }, bytes) => createSign('sm3').update(za).update(bytes).sign(key),
  verify({ key, za }, bytes, der) {
    // The same strict DER whichever implementation is in use.
    if (rsOfDer(der) === undefined) return false;
    return createVerify('sm3').update(za).update(bytes).verify(key, der);
  },
};

/** Whether an SPKI (DER) is for the SM2 curve: Node itself gives such keys no name. */
export function isSm2Spki(spki: Uint8Array): boolean {
  return spki.length === SPKI_HEAD.length + 64 && SPKI_HEAD.equals(spki.subarray(0, SPKI_HEAD.length));
}

/**
 * Decodes a public key once and keeps Z_A with it (decoding costs as much as a third of a verification).
 * @throws when it is no SPKI on the SM2 curve
 */
export function readSm2PublicKey(spki: Uint8Array, id: string = DEFAULT_SM2_ID): Sm2PublicKey {
  if (!isSm2Spki(spki)) throw new TypeError('not a public key on the SM2 curve (1.2.156.10197.1.301)');
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return { key, id, spki, za: zaOf(spki, id) };
}

/** @throws when it is no PKCS#8 or SEC 1 PEM with a key on the SM2 curve */
export function readSm2PrivateKey(pem: string, id: string = DEFAULT_SM2_ID, passphrase?: string): Sm2PrivateKey {
  const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { key, public: readSm2PublicKey(spki, id) };
}

/** A fresh key as PKCS#8 PEM: only after decoding that again is it an SM2 key to OpenSSL. */
export function makeSm2Pem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** For envelopes: r‖s, 64 bytes. Signs on this thread. */
export function sm2Signer(kid: string, key: Sm2PrivateKey, sm2: Sm2): LocalSigner {
  return { kid, alg: 'SM2-SM3', sign: (bytes) => madeRs(sm2.sign(key, bytes)) };
}

/** The same on another thread where there is one: for whoever signs with every message. */
export function sm2BusySigner(kid: string, key: Sm2PrivateKey, sm2: Sm2): Signer {
  const { elsewhere } = sm2;
  if (elsewhere === undefined) return sm2Signer(kid, key, sm2);
  return { kid, alg: 'SM2-SM3', sign: async (bytes) => madeRs(await elsewhere.sign(key, bytes)) };
}

function madeRs(der: Uint8Array): Uint8Array {
  const rs = rsOfDer(der);
  if (rs === undefined) throw new Error('assertion: a signature was made that is not DER');
  return rs;
}

export function sm2Verify(key: Sm2PublicKey, sm2: Sm2): (bytes: Uint8Array, rs: Uint8Array) => boolean {
  return (bytes, rs) => rs.length === 64 && sm2.verify(key, bytes, derOfRs(rs));
}

function zaOf(spki: Uint8Array, id: string): Uint8Array {
  const idBytes = Buffer.from(id, 'utf8');
  const bits = Buffer.alloc(2);
  bits.writeUInt16BE(idBytes.length * 8);
  return createHash('sm3').update(bits).update(idBytes).update(CURVE).update(spki.subarray(-64)).digest();
}
