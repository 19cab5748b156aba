/**
 * Keys of the exchanges' own protocols, held against the trust list: an exchange's key counts only while the list says so,
 * and a revoked key of ours signs nothing more.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import type { NativeSigner, NativeVerifier } from '../contract/adapter.ts';
import { INIT, KeyProblem, namesIn, readKeyFile } from './keystore-files.ts';
import { nativeSigner, nativeVerifier } from './native.ts';
import type { Sm2 } from './sm2.ts';
import type { LiveTrust } from './trust-list-live.ts';
import type { LinkRecord } from './trust-list-records.ts';

interface Ground {
  /** The key store. */
  readonly root: string;
  readonly passphrase: string | undefined;
  readonly trust: LiveTrust;
  readonly sm2: Sm2;
  nowMs(): number;
}

/** Verifies by any key of that side of the link that is valid now: while it rotates there are two. */
export function linkVerifier(
  exchange: string,
  side: LinkRecord['side'],
  { trust, sm2, nowMs }: Pick<Ground, 'trust' | 'sm2' | 'nowMs'>,
): NativeVerifier {
  const decoded = new Map<string, NativeVerifier>();
  const inForce = () =>
    trust.linkKeysAt(exchange, side, nowMs()).map(({ kid, spki }) => {
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

/** `gateway[.<anything>].key.pem`: the infix tells a rotated key from its predecessor. */
const KEY_FILE = /^gateway(\.[a-z0-9-]+)?\.key\.pem$/;

interface HeldKey {
  readonly file: string;
  readonly spki: string;
  readonly signer: NativeSigner;
}

/** Our own key in that exchange's protocol: of those held the one the list has valid now, else it throws instead of signing. */
export function linkSigner(exchange: string, ground: Ground): NativeSigner {
  const { trust, nowMs } = ground;
  let held = readKeys(exchange, ground);
  let generation = trust.generation;
  const current = (): NativeSigner => {
    if (generation !== trust.generation) {
      held = readKeys(exchange, ground);
      generation = trust.generation;
    }
    const [newest] = trust
      .linkKeysAt(exchange, 'gateway', nowMs())
      .flatMap(({ spki, notBefore }) => {
        const key = held.find((one) => one.spki === spki);
        return key === undefined ? [] : [{ key, fromMs: Date.parse(notBefore) }];
      })
      .sort((a, b) => b.fromMs - a.fromMs);
    if (newest !== undefined) return newest.key.signer;
    const listed = trust.current.links.some((link) => link.exchange === exchange && held[0]?.spki === link.spki);
    const [zh, en] = listed
      ? ['此密钥已吊销或不在有效期内', 'This key is revoked or not valid now']
      : ['信任清单未登记此密钥', 'The trust list lacks this key'];
    throw new KeyProblem(held[0]?.file ?? '', zh, en, 'qiao certs list');
  };
  const sign = (bytes: Uint8Array) => current().sign(bytes);
  // All keys of one link are of one kind: its protocol says which.
  if (held[0]?.signer.signElsewhere === undefined) return { sign };
  return {
    sign,
    signElsewhere: async (bytes) => {
      const signer = current();
      return signer.signElsewhere?.(bytes) ?? signer.sign(bytes);
    },
  };
}

function readKeys(exchange: string, { root, passphrase, sm2 }: Ground): readonly HeldKey[] {
  const folder = join(root, 'links', exchange);
  const names = namesIn(folder, KEY_FILE);
  if (names.length === 0) readKeyFile(join(folder, 'gateway.key.pem'));
  return names.map((name) => {
    const file = join(folder, name);
    const pem = readKeyFile(file);
    try {
      const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
      const spki = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
      return { file, spki, signer: nativeSigner(pem, sm2, passphrase) };
    } catch (cause) {
      throw new KeyProblem(file, '密钥无法使用', 'This key cannot be used', INIT, cause);
    }
  });
}
