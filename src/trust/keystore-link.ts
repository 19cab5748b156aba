/**
 * Keys of the exchanges' own protocols, held against the trust list: an exchange's key counts only while the list says so,
 * and a revoked key of ours signs nothing more.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { NativeSigner, NativeVerifier } from '../contract/adapter.ts';
import { KeyProblem } from './keystore-files.ts';
import { nativeSigner, nativeVerifier } from './native.ts';
import type { Sm2 } from './sm2.ts';
import type { LiveTrust } from './trust-list-live.ts';
import { isValidAt } from './trust-list-records.ts';

interface Ground {
  readonly trust: LiveTrust;
  readonly sm2: Sm2;
  nowMs(): number;
}

/** Verifies by any key of the exchange that is valid now: while it rotates there are two. */
export function linkVerifier(exchange: string, { trust, sm2, nowMs }: Ground): NativeVerifier {
  const decoded = new Map<string, NativeVerifier>();
  const inForce = () =>
    trust.linkKeysAt(exchange, 'exchange', nowMs()).map(({ kid, spki }) => {
      let verifier = decoded.get(kid);
      if (verifier === undefined) {
        const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
        verifier = nativeVerifier(key.export({ format: 'pem', type: 'spki' }).toString(), sm2);
        decoded.set(kid, verifier);
      }
      return verifier;
    });
  return {
    verify: (bytes, signature) => inForce().some((verifier) => verifier.verify(bytes, signature)),
    async verifyElsewhere(bytes, signature) {
      // One after the other: the first is right but for the days of a rotation.
      for (const verifier of inForce()) {
        const isRight = verifier.verifyElsewhere?.(bytes, signature) ?? verifier.verify(bytes, signature);
        if (await isRight) return true;
      }
      return false;
    },
  };
}

/** Our own key in that exchange's protocol; a key the list has revoked throws instead of signing. */
export function linkSigner(
  exchange: string,
  file: string,
  pem: string,
  passphrase: string | undefined,
  { trust, sm2, nowMs }: Ground,
): NativeSigner {
  const signer = nativeSigner(pem, sm2, passphrase);
  const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
  let checked = -1;
  let record: LiveTrust['current']['links'][number] | undefined;
  const check = () => {
    if (checked !== trust.generation) {
      record = trust.current.links.find((link) => link.exchange === exchange && link.spki === spki);
      checked = trust.generation;
    }
    if (record !== undefined && isValidAt(record, nowMs())) return;
    const [zh, en] =
      record === undefined
        ? ['信任清单未登记此密钥', 'The trust list lacks this key']
        : ['此密钥已吊销或不在有效期内', 'This key is revoked or not valid now'];
    throw new KeyProblem(file, zh, en, 'qiao certs list');
  };
  const { signElsewhere } = signer;
  return {
    sign(bytes) {
      check();
      return signer.sign(bytes);
    },
    ...(signElsewhere === undefined
      ? {}
      : {
          signElsewhere: async (bytes) => {
            check();
            return signElsewhere.call(signer, bytes);
          },
        }),
  };
}
