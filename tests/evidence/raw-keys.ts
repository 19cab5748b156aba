import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { nativeSm2, readSm2PrivateKey } from '../../src/trust/sm2.ts';

/** Keys of this run, and JWS put together by hand. */

export function sm2Pem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

export interface RawSigner {
  readonly kid: string;
  readonly alg: 'Ed25519' | 'SM2-SM3';
  readonly spki: Buffer;
  sign(bytes: Uint8Array): Buffer;
}

export function ed25519(): { privateKey: KeyObject; spki: Buffer; sign(bytes: Uint8Array): Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey,
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

export function sm2(): { spki: Buffer; der(bytes: Uint8Array): Uint8Array } {
  const pem = sm2Pem();
  const key = readSm2PrivateKey(pem);
  return {
    spki: createPublicKey(createPrivateKey(pem)).export({ format: 'der', type: 'spki' }),
    der: (bytes) => nativeSm2.sign(key, bytes),
  };
}

/** Several participants under one payload, each in its own name; ordered by kid. */
export function cosigned(
  payload: Uint8Array | string,
  iat: number,
  signers: readonly { readonly participant: string; readonly signer: RawSigner }[],
): Buffer {
  const parts = signers.map(({ participant, signer }) => {
    const own = jws(payload, { typ: 'fed-cosigned+jws', iss: participant, iat }, [signer]);
    return { kid: signer.kid, ...JSON.parse(own.toString()) };
  });
  parts.sort((a, b) => (a.kid < b.kid ? -1 : 1));
  const signatures = parts.map((part) => part.signatures[0]);
  return Buffer.from(JSON.stringify({ payload: parts[0]!.payload, signatures }));
}

/** JWS General JSON, its signatures ordered by kid. */
export function jws(payload: Uint8Array | string, header: object, signers: readonly RawSigner[]): Buffer {
  const body = Buffer.from(payload as string).toString('base64url');
  const signatures = [...signers]
    .sort((a, b) => (a.kid < b.kid ? -1 : 1))
    .map(({ kid, alg, sign: signs }) => {
      const head = Buffer.from(JSON.stringify({ alg, kid, ...header })).toString('base64url');
      const signature = signs(Buffer.from(`${head}.${body}`)).toString('base64url');
      return { protected: head, signature };
    });
  return Buffer.from(JSON.stringify({ payload: body, signatures }));
}
