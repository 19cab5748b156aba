/**
 * One payload, signed by several participants: the exact bytes of a deal under the signatures of both exchanges.
 *
 * Each signs for itself (`iss` differs from signature to signature), with every kind of key that it has; all protect the
 * same instant.
 */

import { type EnvelopeRefusal, refuse } from './codes.ts';
import { isParticipant, isSeconds } from './header.ts';
import { openJws, type Signer, signEach, type TrustList, type VerifiedSignature } from './jws.ts';
import { missingKind } from './kinds.ts';

export interface Cosigner {
  readonly participant: string;
  readonly signers: readonly Signer[];
}

export interface OpenedCosigned {
  readonly ok: true;
  /** The bytes that all of them signed. */
  readonly payload: Uint8Array;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly signatures: readonly VerifiedSignature[];
}

const profile = { typ: 'fed-cosigned+jws', members: new Set(['typ', 'iss', 'iat']), own: new Set(['iss']) } as const;

/** @param iat seconds since 1970 at which they all stand by it */
export function cosign(payload: Uint8Array, iat: number, cosigners: readonly Cosigner[]): Promise<Uint8Array> {
  const entries = cosigners.flatMap(({ participant, signers }) => {
    if (!isParticipant(participant) || !isSeconds(iat)) throw new TypeError('assertion: who signs, or when');
    return signers.map((signer) => ({ signer, header: { typ: profile.typ, iss: participant, iat } }));
  });
  return signEach(payload, entries);
}

/**
 * Verifies that exactly these parties signed, all of them, by keys that counted at that instant.
 * @param atMs journal time; left out, only signatures and form are judged
 */
export function openCosigned(
  bytes: Uint8Array,
  trust: TrustList,
  parties: readonly string[],
  atMs?: number,
): OpenedCosigned | EnvelopeRefusal {
  const opened = openJws(bytes, trust, profile, atMs === undefined ? {} : { atMs });
  if (!opened.ok) return opened;
  const { header, payload, signatures } = opened;
  const { iat } = header;
  if (!isSeconds(iat)) return refuse('malformed-member', '/signatures/0/protected/iat');
  const stranger = signatures.findIndex(({ iss }) => !parties.includes(iss));
  if (stranger >= 0)
    return refuse('issuer-mismatch', `/signatures/${stranger}/protected/iss`, signatures[stranger]!.iss);
  for (const party of parties) {
    const own = signatures.filter(({ iss }) => iss === party);
    if (own.length === 0) return refuse('cosignature-missing', '/signatures', party);
    const missing = atMs === undefined ? undefined : missingKind(own, trust, party, atMs);
    if (missing !== undefined) return refuse('alg-required', '/signatures', `${party} ${missing}`);
  }
  return { ok: true, payload, iat: Number(iat), signatures };
}
