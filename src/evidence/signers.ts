/** Whether those who signed were who they say, by the federation's certificates, at journal time. */

import { readCrl } from '../trust/pki/crl.ts';
import { validatePath } from '../trust/pki/path.ts';
import type { Sm2 } from '../trust/sm2.ts';
import type { LocalTrustList } from '../trust/trust-list.ts';
import type { Bundle } from './bundle.ts';
import { type EvidenceRefusal, refuse } from './codes.ts';

/** One key, as used at one instant. */
export interface KeyUse {
  readonly kid: string;
  readonly atMs: number;
}

interface Ground {
  readonly bundle: Bundle;
  readonly list: LocalTrustList;
  /** DER. */
  readonly roots: readonly Uint8Array[];
  readonly sm2: Sm2;
}

/** Every key that was used; and every chain and revocation list of the bundle must have served one of them. */
export function chainFaults(uses: readonly KeyUse[], ground: Ground): EvidenceRefusal | undefined {
  const { chains, crls } = ground.bundle;
  for (const use of uses) {
    const fault = signerFault(use, crls, ground);
    if (fault !== undefined) return fault;
  }
  for (const [i, { kid }] of chains.entries()) {
    const isFirst = chains.findIndex((other) => other.kid === kid) === i;
    if (!isFirst || !uses.some((use) => use.kid === kid)) return refuse('evidence-malformed', `/chains/${i}`, 'unused');
  }
  for (const [i, crl] of crls.entries()) {
    const others = crls.filter((other) => other !== crl && !isOfSameIssuer(other, crl));
    const serves = (use: KeyUse) =>
      signerFault(use, [...others, crl], ground) === undefined && signerFault(use, others, ground) !== undefined;
    const isTwice = crls.findIndex((other) => Buffer.compare(other, crl) === 0) !== i;
    if (isTwice || !uses.some(serves)) return refuse('evidence-malformed', `/crls/${i}`, 'unused');
  }
  return undefined;
}

/** The key's record, its chain to a root of the anchor, and no certificate of it revoked by then. */
function signerFault({ kid, atMs }: KeyUse, crls: Bundle['crls'], ground: Ground): EvidenceRefusal | undefined {
  const { bundle, list, roots, sm2 } = ground;
  const record = list.records.find((one) => one.kid === kid);
  if (record === undefined) return refuse('evidence-key-unknown', '/trust/list', kid);
  const index = bundle.chains.findIndex((chain) => chain.kid === kid);
  const chain = bundle.chains[index];
  if (chain === undefined) return refuse('evidence-missing-part', '/chains', kid);
  const pointer = `/chains/${index}`;
  const named = record.chain?.map((der) => Buffer.from(der, 'base64'));
  const isNamed = named === undefined || [chain.leaf, chain.intermediate].every((der, i) => named[i]?.equals(der));
  if (!isNamed) return refuse('evidence-wrong-chain', pointer, kid);
  const { participant } = record;
  const path = validatePath(chain, { roots, crls, atMs, purpose: 'signing', participant, sm2 });
  if (path.ok) {
    const isItsKey = Buffer.compare(path.spki, Buffer.from(record.spki, 'base64')) === 0;
    return isItsKey ? undefined : refuse('evidence-wrong-chain', pointer, kid);
  }
  switch (path.fault) {
    case 'certificate-revoked':
      return refuse('evidence-revoked-before', pointer, kid);
    case 'crl-invalid':
      return refuse('evidence-altered', '/crls', kid);
    case 'crl-missing':
    case 'crl-stale':
      return refuse('evidence-missing-part', '/crls', `${kid} ${path.fault}`);
    default:
      return refuse('evidence-wrong-chain', pointer, `${kid} ${path.fault}`);
  }
}

function isOfSameIssuer(one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [readCrl(one), readCrl(other)];
  return a !== undefined && b !== undefined && Buffer.compare(a.issuer, b.issuer) === 0;
}
