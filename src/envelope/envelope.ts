/** One message between participants: the exact payload bytes, signed by their origin. */

import { type EnvelopeRefusal, refuse } from './codes.ts';
import { digestOf } from './digest.ts';
import { type EnvelopeHeader, envelopeProfile, readEnvelopeHeader, writeEnvelopeHeader } from './header.ts';
import { openJws, type Signer, signJws, type TrustList, type VerifiedSignature, type VerifyOptions } from './jws.ts';
import { missingKind } from './kinds.ts';

export interface VerifiedEnvelope {
  readonly ok: true;
  readonly header: EnvelopeHeader;
  /** The bytes the origin signed, whatever they are. */
  readonly payload: Uint8Array;
  /** SHA-256, hex, of the whole envelope: the `prev` of the next one in its stream. */
  readonly digest: string;
  readonly signatures: readonly VerifiedSignature[];
}

export interface EnvelopeOptions extends VerifyOptions {
  /** The participant that must be among the recipients. */
  readonly audience?: string;
}

/** How far another participant's clock may be ahead of ours. */
export const MAX_SKEW_SECONDS = 300;

/**
 * Signs one message. Deterministic given its inputs, but for the algorithms that draw a random number (ES256, SM2).
 * @param signers keys of `header.iss`; several for a dual signature (Ed25519 and SM2)
 * @throws TypeError (assertion) when the header is not one that recipients would take
 */
export async function signEnvelope(
  payload: Uint8Array,
  header: EnvelopeHeader,
  signers: readonly Signer[],
): Promise<Uint8Array> {
  return signJws(payload, writeEnvelopeHeader(header), signers);
}

/**
 * Verifies the exact bytes received. Signature first: a header is only read further once its issuer has stood for it.
 *
 * Given an instant, every kind of key that the origin had then must have signed: what lacks the SM2 signature of an
 * origin with an SM2 key has been stripped of it. Receipts bear one signature and are not judged so.
 *
 * Replay is not judged here: `jti` and the digest are unique in the journal, which alone can know (docs/decisions/0002).
 */
export function verifyEnvelope(
  bytes: Uint8Array,
  trust: TrustList,
  options: EnvelopeOptions = {},
): VerifiedEnvelope | EnvelopeRefusal {
  const opened = openJws(bytes, trust, envelopeProfile, options);
  if (!opened.ok) return opened;
  const pointer = '/signatures/0/protected';
  const read = readEnvelopeHeader(opened.header, pointer);
  if (!read.ok) return read;
  const { header } = read;
  if (options.audience !== undefined && !header.aud.includes(options.audience)) {
    return refuse('audience-mismatch', `${pointer}/aud`, options.audience);
  }
  if (options.atMs !== undefined) {
    const missing = missingKind(opened.signatures, trust, header.iss, options.atMs);
    if (missing !== undefined) return refuse('alg-required', '/signatures', missing);
    if (header.exp !== undefined && options.atMs >= header.exp * 1000) return refuse('expired', `${pointer}/exp`);
    if (header.iat * 1000 > options.atMs + MAX_SKEW_SECONDS * 1000) {
      return refuse('issued-in-future', `${pointer}/iat`);
    }
  }
  return { ok: true, header, payload: opened.payload, digest: digestOf(bytes), signatures: opened.signatures };
}
