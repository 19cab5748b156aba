import { createHash, createHmac, createPrivateKey, createPublicKey } from 'node:crypto';
import type { NativeSigner, NativeVerifier } from '../../src/contract/adapter.ts';
import { exchanges, type Participant } from '../../src/contract/exchange.ts';
import type { TrustEntry, TrustList } from '../../src/envelope/jws.ts';
import { ed25519Signer, ed25519Verify } from '../../src/envelope/signers.ts';
import type { Seals } from '../../src/relay/seal.ts';
import { trustEntry, trusting } from '../envelope/keys.ts';

/** PKCS #8 of an Ed25519 key up to the 32 bytes that are its secret (RFC 8410). */
const ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Keys that are the same in every run, for nothing but the simulation: what is signed is then the same, too. */
export interface Keys {
  readonly seals: Seals;
  readonly trust: TrustList;
  /** In the exchange's own protocol a keyed digest stands in for its signature: cheap, and not what is tested here. */
  native(owner: Participant, other: Participant): { readonly signer: NativeSigner; readonly verifier: NativeVerifier };
}

export function simulationKeys(): Keys {
  const participants: readonly Participant[] = ['qiao', ...exchanges];
  const pairs = participants.map((participant) => {
    const secret = createHash('sha256').update(`simulation ${participant}`).digest();
    const key = createPrivateKey({ key: Buffer.concat([ED25519, secret]), format: 'der', type: 'pkcs8' });
    const kid = `${participant}:ed25519:1`;
    const { sign, verify } = remembering(ed25519Signer(kid, key).sign, ed25519Verify(createPublicKey(key)));
    return {
      participant,
      signer: { kid, alg: 'Ed25519' as const, sign },
      entry: trustEntry(participant, kid, 'Ed25519', verify),
    };
  });
  const digest = (by: Participant, bytes: Uint8Array) => createHmac('sha256', `native ${by}`).update(bytes).digest();
  return {
    seals: { signersOf: (participant) => [pairs.find((one) => one.participant === participant)!.signer] },
    trust: trusting(...pairs.map(({ entry }) => entry)),
    native: (owner, other) => ({
      signer: { sign: (bytes) => digest(owner, bytes) },
      verifier: { verify: (bytes, signature) => digest(other, bytes).equals(signature) },
    }),
  };
}

/** Signatures; a seed makes a few dozen. */
const REMEMBERED = 1_000;

/** What this key has just signed here needs no proof: the very bytes under the very signature. All else is verified. */
function remembering(sign: (bytes: Uint8Array) => Uint8Array, verify: TrustEntry['verify']) {
  const signed = new Map<string, Buffer>();
  return {
    sign: (bytes: Uint8Array) => {
      const signature = sign(bytes);
      if (signed.size === REMEMBERED) signed.clear();
      signed.set(Buffer.from(signature).toString('latin1'), Buffer.from(bytes));
      return signature;
    },
    verify: (bytes: Uint8Array, signature: Uint8Array) =>
      signed.get(Buffer.from(signature).toString('latin1'))?.equals(bytes) === true || verify(bytes, signature),
  };
}
