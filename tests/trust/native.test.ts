import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { nativeSigner, nativeVerifier } from '../../src/trust/native.ts';
import { makeSm2Pem, nativeSm2, readSm2PrivateKey } from '../../src/trust/sm2.ts';

const privatePem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
const publicPem = (pem: string): string => createPublicKey(pem).export({ format: 'pem', type: 'spki' }).toString();
const rsa = privatePem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const p256 = privatePem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const sm2 = makeSm2Pem();
const kinds = [
  ['RSA with SHA-256 (ctex)', rsa],
  ['SM2 with SM3 (stex)', sm2],
  ['ECDSA P-256 with SHA-256 (szse)', p256],
] as const;
const message = Buffer.from('POST\n/exchanges/ctex/notify\n1772415000000\n桥');

describe.each(kinds)('native signatures: %s', (_, pem) => {
  const signer = nativeSigner(pem, nativeSm2);
  const verifier = nativeVerifier(publicPem(pem), nativeSm2);
  const signature = signer.sign(message);

  test('what one side signs the other verifies', () => {
    expect(verifier.verify(message, signature)).toBe(true);
  });

  test('a flipped bit in the message or the signature is refused', () => {
    for (let at = 0; at < message.length; at += 1) {
      const changed = Uint8Array.from(message);
      changed[at]! ^= 0x10;
      expect(verifier.verify(changed, signature)).toBe(false);
    }
    for (let at = 0; at < signature.length; at += 1) {
      const changed = Uint8Array.from(signature);
      changed[at]! ^= 1;
      expect(verifier.verify(message, changed)).toBe(false);
    }
  });

  test('nothing, half of it, too much, or another kind’s signature is refused', () => {
    for (const bad of [Buffer.alloc(0), signature.subarray(0, 32), Buffer.concat([signature, Buffer.from([0])])]) {
      expect(verifier.verify(message, bad)).toBe(false);
    }
    for (const [, other] of kinds) {
      if (other !== pem) expect(verifier.verify(message, nativeSigner(other, nativeSm2).sign(message))).toBe(false);
    }
  });

  test('another key of the same kind does not verify it', () => {
    const fresh =
      pem === sm2
        ? makeSm2Pem()
        : pem === rsa
          ? privatePem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
          : privatePem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    expect(nativeVerifier(publicPem(fresh), nativeSm2).verify(message, signature)).toBe(false);
  });
});

test('the wire forms are PKCS #1 v1.5 of 256 bytes, and DER', () => {
  const byRsa = nativeSigner(rsa, nativeSm2).sign(message);
  expect(byRsa).toHaveLength(256);
  expect(verify('RSA-SHA256', message, createPublicKey(rsa), byRsa)).toBe(true);
  const bySm2 = nativeSigner(sm2, nativeSm2).sign(message);
  expect(bySm2[0]).toBe(0x30);
  expect(nativeSm2.verify(readSm2PrivateKey(sm2).public, message, bySm2)).toBe(true);
  const byP256 = nativeSigner(p256, nativeSm2).sign(message);
  expect(verify('sha256', message, createPublicKey(p256), byP256)).toBe(true);
});

test('weaker or other keys are refused: small RSA, other curves, Ed25519', () => {
  const weak = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ed25519'),
  ];
  for (const { privateKey } of weak) {
    expect(() => nativeSigner(privatePem(privateKey), nativeSm2)).toThrow(TypeError);
    expect(() => nativeVerifier(publicPem(privatePem(privateKey)), nativeSm2)).toThrow(TypeError);
  }
});
