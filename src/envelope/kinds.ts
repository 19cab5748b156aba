import { type Alg, standingOf, type TrustList, type VerifiedSignature } from './jws.ts';

/** A participant signs with one key of each kind that it has: evidence stands as long as either kind does. */
const KINDS: readonly (readonly Alg[])[] = [['Ed25519', 'ES256'], ['SM2-SM3']];

/** The kind of key that a participant had at that time and did not sign with, or undefined. */
export function missingKind(
  signatures: readonly VerifiedSignature[],
  trust: TrustList,
  participant: string,
  atMs: number,
): string | undefined {
  const had = trust.keysOf(participant).filter((entry) => standingOf(entry, atMs) === undefined);
  return KINDS.find(
    (kind) => had.some(({ alg }) => kind.includes(alg)) && !signatures.some(({ alg }) => kind.includes(alg)),
  )?.join(' / ');
}
