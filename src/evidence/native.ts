/** The exchange's own bytes: that the envelope was made from them, and that the exchange signed them in its own protocol. */

import { createPublicKey } from 'node:crypto';
import type { NativeVerifier } from '../contract/adapter.ts';
import { digestOf } from '../envelope/digest.ts';
import type { VerifiedEnvelope } from '../envelope/envelope.ts';
import { nativeVerifier } from '../trust/native.ts';
import type { Sm2 } from '../trust/sm2.ts';
import type { LocalTrustList } from '../trust/trust-list.ts';
import type { LinkRecord } from '../trust/trust-list-records.ts';
import type { Bundle } from './bundle.ts';
import { type EvidenceRefusal, refuse } from './codes.ts';
import type { EvidenceTools } from './verify.ts';

export interface ProvenNative {
  /** Bytes of the native message. */
  readonly length: number;
  /** The exchange's key; null where its protocol signs nothing of the kind. */
  readonly signedBy: { readonly kid: string; readonly alg: string } | null;
}

/** What comes as an answer to our own request: no exchange's protocol signs it as a message. */
const ANSWERS: ReadonlySet<string> = new Set(['listing-mirrored', 'statement']);

export function proveNative(
  { native }: Bundle,
  { header }: VerifiedEnvelope,
  atMs: number,
  list: LocalTrustList,
  { adapters, sm2 }: EvidenceTools,
): { readonly ok: true; readonly native: ProvenNative | null } | EvidenceRefusal {
  if (native === null) {
    return header.nat === null ? { ok: true, native } : refuse('evidence-missing-part', '/native');
  }
  const { bytes, proof, whole } = native;
  if (digestOf(bytes) !== header.nat) return refuse('evidence-altered', '/native/bytes');
  if (proof === '') {
    if (!ANSWERS.has(header.kind)) return refuse('evidence-missing-part', '/native/proof');
    return whole === null
      ? { ok: true, native: { length: bytes.length, signedBy: null } }
      : refuse('evidence-malformed', '/native/whole');
  }
  const adapter = adapters.get(header.iss);
  if (adapter === undefined) return refuse('evidence-native-proof', '/native', header.iss);
  if (whole === null && namesWhole(proof)) return refuse('evidence-missing-part', '/native/whole');
  const kept = { bytes, proof, ...(whole === null ? {} : { whole }) };
  const signs = (link: LinkRecord) => adapter.verifyProof(kept, verifierOf(link, sm2));
  const inForce = list.linkKeysAt(header.iss, 'exchange', atMs);
  const key = inForce.find(signs);
  if (key !== undefined)
    return { ok: true, native: { length: bytes.length, signedBy: { kid: key.kid, alg: key.alg } } };
  const lapsed = list.links.find((link) => link.exchange === header.iss && link.side === 'exchange' && signs(link));
  if (lapsed === undefined) return refuse('evidence-native-proof', '/native/proof');
  const code = lapsed.status === 'revoked' ? 'evidence-revoked-before' : 'evidence-key-not-valid';
  return refuse(code, '/native/proof', lapsed.kid);
}

function verifierOf({ spki }: LinkRecord, sm2: Sm2): NativeVerifier {
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
  return nativeVerifier(key.export({ format: 'pem', type: 'spki' }).toString(), sm2);
}

/** See `Arrival.proof`. */
export function namesWhole(proof: string): string | undefined {
  return proof.startsWith('{') ? /"whole":"([0-9a-f]{64})"/.exec(proof)?.[1] : undefined;
}
