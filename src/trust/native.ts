/**
 * Signatures of the exchanges' own protocols. Which algorithm is the key's business: RSA signs PKCS #1 v1.5 with SHA-256
 * (ctex), a key on the SM2 curve signs SM2 with SM3 as DER (stex), a P-256 key signs ECDSA with SHA-256 as DER (szse).
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { NativeSigner, NativeVerifier } from '../contract/adapter.ts';
import { rsOfDer } from './der.ts';
import { isSm2Spki, readSm2PrivateKey, readSm2PublicKey, type Sm2 } from './sm2.ts';

const MIN_RSA_BITS = 2048;

export function rsaSha256Signer(privateKey: KeyObject): NativeSigner {
  return {
    sign: (bytes) => sign('sha256', bytes, privateKey),
    signElsewhere: (bytes) =>
      new Promise((resolve, reject) => {
        sign('sha256', bytes, privateKey, (error, signature) => (error ? reject(error) : resolve(signature)));
      }),
  };
}

export function rsaSha256Verifier(publicKey: KeyObject): NativeVerifier {
  return { verify: (bytes, signature) => verify('sha256', bytes, publicKey, signature) };
}

export function ecdsaP256Signer(privateKey: KeyObject): NativeSigner {
  return { sign: (bytes) => sign('sha256', bytes, privateKey) };
}

export function ecdsaP256Verifier(publicKey: KeyObject): NativeVerifier {
  return {
    verify: (bytes, der) => rsOfDer(der) !== undefined && verify('sha256', bytes, publicKey, der),
  };
}

/** @throws when the PEM holds no private key of one of the three kinds, or the passphrase is wrong */
export function nativeSigner(pem: string, sm2: Sm2, passphrase?: string): NativeSigner {
  const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  switch (kindOf(createPublicKey(key))) {
    case 'rsa':
      return rsaSha256Signer(key);
    case 'p256':
      return ecdsaP256Signer(key);
    case 'sm2': {
      const sm2Key = readSm2PrivateKey(pem, undefined, passphrase);
      const { elsewhere } = sm2;
      return {
        sign: (bytes) => sm2.sign(sm2Key, bytes),
        ...(elsewhere === undefined ? {} : { signElsewhere: (bytes) => elsewhere.sign(sm2Key, bytes) }),
      };
    }
  }
}

/** @throws when the PEM holds no public key (or certificate) of one of the three kinds */
export function nativeVerifier(pem: string, sm2: Sm2): NativeVerifier {
  const key = createPublicKey(pem);
  switch (kindOf(key)) {
    case 'rsa':
      return rsaSha256Verifier(key);
    case 'p256':
      return ecdsaP256Verifier(key);
    case 'sm2': {
      const sm2Key = readSm2PublicKey(key.export({ format: 'der', type: 'spki' }));
      const { elsewhere } = sm2;
      return {
        verify: (bytes, der) => sm2.verify(sm2Key, bytes, der),
        ...(elsewhere === undefined ? {} : { verifyElsewhere: (bytes, der) => elsewhere.verify(sm2Key, bytes, der) }),
      };
    }
  }
}

/** @throws for every other key: an unexpected algorithm would be a downgrade */
function kindOf(publicKey: KeyObject): 'rsa' | 'sm2' | 'p256' {
  if (isSm2Spki(publicKey.export({ format: 'der', type: 'spki' }))) return 'sm2';
  const { modulusLength = 0, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS) return 'rsa';
  if (publicKey.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'p256';
  throw new TypeError('neither RSA of at least 2048 bits, nor SM2, nor P-256');
}
