/** From a certification request to what an operator proposes: possession, owner and fingerprint are checked here. */

import type { KeyObject } from 'node:crypto';
import { instantAt } from '../contract/dates.ts';
import { type Exchange, isExchange } from '../contract/exchange.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Alg } from '../envelope/jws.ts';
import { type CaFolder, certificateOf, openAuthority } from './ca-folder.ts';
import { PUBLISH_BEFORE_MS, type Request } from './enrolment.ts';
import type { AuthorityName } from './hierarchies.ts';
import { issueLeaf } from './pki/authority.ts';
import { readCertificate } from './pki/certificate.ts';
import { type Csr, readCsr } from './pki/csr.ts';
import type { KeyKind } from './pki/keys.ts';
import { longestValidityMs, PolicyProblem } from './pki/policy.ts';
import { DEFAULT_SM2_ID, type Sm2 } from './sm2.ts';
import type { TrustAnchor } from './trust-anchor.ts';
import type { LocalTrustList } from './trust-list.ts';
import { isValidAt, kidOf, type LinkAlg, linkKidOf } from './trust-list-records.ts';

export type Use = 'envelope' | 'link' | 'tls';

export interface Issuing {
  readonly participant: string;
  readonly use: Use;
  /** DER. */
  readonly csr: Uint8Array;
  /** As read out over another channel: SHA-256 of the public key, hex; spaces and colons count for nothing. */
  readonly fingerprint: string;
  /** Links only: in whose protocol, when the key is the gateway's. */
  readonly exchange?: string;
  /** From when the key is used; the earliest that is allowed when left out. */
  readonly beginsMs?: number;
}

export interface Desk extends CaFolder {
  readonly list: LocalTrustList;
  readonly sm2: Sm2;
  readonly nowMs: number;
}

/** The desk with an operator sitting at it. */
export interface OperatorDesk extends Desk {
  readonly anchor: TrustAnchor;
  readonly crls: readonly Uint8Array[];
  readonly operator: { readonly name: string; readonly key: KeyObject };
}

const ALGS = { ed25519: 'Ed25519', p256: 'ES256', sm2: 'SM2-SM3' } as const satisfies Partial<Record<KeyKind, Alg>>;
const LINK_ALGS = { rsa: 'RS256', p256: 'ES256', sm2: 'SM2-SM3' } as const satisfies Partial<Record<KeyKind, LinkAlg>>;
const SIGNING: Readonly<Record<KeyKind, AuthorityName>> = {
  ed25519: 'main-signing',
  p256: 'main-signing',
  rsa: 'rsa-signing',
  sm2: 'sm2-signing',
};

/** @throws KeyProblem when the authority's key is not at hand */
export async function issueRequest(desk: Desk, issuing: Issuing): Promise<Checked<Request>> {
  const read = readCsr(issuing.csr, desk.sm2);
  if (!read.ok) return read;
  const csr = read.value;
  if (csr.participant !== issuing.participant) return refused(refuse('not-yours', '/participant', csr.participant));
  if (!sameFingerprint(csr.fingerprint, issuing.fingerprint))
    return refused(refuse('fingerprint-differs', '/fingerprint'));
  const spki = Buffer.from(csr.spki).toString('base64');
  if ([...desk.list.records, ...desk.list.links].some((one) => one.spki === spki)) {
    return refused(refuse('version-conflict', '/csr', 'SubjectPublicKeyInfo'));
  }
  try {
    if (issuing.use === 'tls') {
      return accepted({ act: 'issue', use: 'tls', participant: issuing.participant, csr: base64(issuing.csr) });
    }
    return await (issuing.use === 'link' ? linkRequest(desk, issuing, csr) : envelopeRequest(desk, issuing, csr));
  } catch (error) {
    if (error instanceof PolicyProblem) return refused(refuse('outside-policy', '/csr', `${error.zh} / ${error.en}`));
    throw error;
  }
}

/** Upper and lower case, spaces and colons are how people read and write it. */
export function sameFingerprint(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll(/[\s:-]/g, '').toLowerCase();
  return plain(one) === plain(other) && plain(one).length === 64;
}

/** Of a request what goes into a certificate. */
export type Certifiable = Pick<Csr, 'participant' | 'name' | 'spki' | 'kind' | 'hosts'>;

/** The certificate of a TLS or link key, made once both operators have signed. @throws PolicyProblem, KeyProblem */
export async function certify(
  desk: Desk,
  use: Use,
  csr: Certifiable,
): Promise<{ readonly leaf: Uint8Array; readonly by: AuthorityName }> {
  const by = use === 'tls' ? 'main-tls' : SIGNING[csr.kind];
  const purpose = use === 'tls' ? 'tls' : 'signing';
  const leaf = await issueLeaf(openAuthority(desk, by), {
    participant: csr.participant,
    purpose,
    name: csr.name,
    spki: csr.spki,
    validity: { notBefore: seconds(desk.nowMs), notAfter: seconds(endMs(desk, by, purpose)) },
    ...(use === 'tls' ? { hosts: csr.hosts } : {}),
  });
  return { leaf, by };
}

async function envelopeRequest(desk: Desk, { participant, beginsMs }: Issuing, csr: Csr): Promise<Checked<Request>> {
  const alg = ALGS[csr.kind as keyof typeof ALGS];
  if (alg === undefined) return refused(refuse('outside-policy', '/csr', csr.kind));
  const known = desk.list.records.some((one) => one.participant === participant && isValidAt(one, desk.nowMs));
  const { leaf, by } = await certify(desk, 'envelope', csr);
  const chain = [base64(leaf), base64(certificateOf(desk, by))] as const;
  const record = {
    participant,
    kid: kidOf(participant, alg, csr.spki),
    alg,
    ...term(desk, beginsMs, known, by),
    spki: base64(csr.spki),
    ...(alg === 'SM2-SM3' ? { sm2Id: DEFAULT_SM2_ID } : {}),
    chain,
  };
  return accepted({ act: 'issue', use: 'envelope', record });
}

async function linkRequest(desk: Desk, issuing: Issuing, csr: Csr): Promise<Checked<Request>> {
  const { participant, beginsMs } = issuing;
  const side = participant === 'qiao' ? 'gateway' : 'exchange';
  const exchange = side === 'gateway' ? issuing.exchange : participant;
  if (!isExchange(exchange)) return refused(refuse('missing-field', '/exchange'));
  const alg = LINK_ALGS[csr.kind as keyof typeof LINK_ALGS];
  if (alg === undefined) return refused(refuse('outside-policy', '/csr', csr.kind));
  const known = desk.list.linkKeysAt(exchange satisfies Exchange, side, desk.nowMs).length > 0;
  const record = {
    exchange,
    side,
    kid: linkKidOf(exchange, side, alg, csr.spki),
    alg,
    ...term(desk, beginsMs, known, SIGNING[csr.kind]),
    spki: base64(csr.spki),
    ...(alg === 'SM2-SM3' ? { sm2Id: DEFAULT_SM2_ID } : {}),
  } as const;
  return accepted({ act: 'issue', use: 'link', record });
}

function term(desk: Desk, beginsMs: number | undefined, known: boolean, by: AuthorityName) {
  // A minute beyond the day that is asked for: the second operator's clock is another one.
  const earliestMs = known ? desk.nowMs + PUBLISH_BEFORE_MS + 60_000 : desk.nowMs;
  return {
    notBefore: instantAt(Math.ceil((beginsMs ?? earliestMs) / 1000) * 1000),
    notAfter: instantAt(seconds(endMs(desk, by, 'signing')).getTime()),
    status: 'active',
  } as const;
}

function endMs(desk: Desk, by: AuthorityName, purpose: 'signing' | 'tls'): number {
  const issuerEndsMs = readCertificate(certificateOf(desk, by))?.notAfterMs ?? 0;
  return Math.min(desk.nowMs + longestValidityMs('leaf', purpose, desk.demo), issuerEndsMs);
}

function seconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
