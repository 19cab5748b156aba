/** What runs out, and how soon: keys of the trust list, certificates, revocation lists. */

import { exchanges } from '../contract/exchange.ts';
import type { KeyStore } from './keystore.ts';
import { KeyProblem } from './keystore-files.ts';
import { readCertificate } from './pki/certificate.ts';
import { readCrl } from './pki/crl.ts';
import { dersOfPem } from './pki/pem.ts';
import type { LocalTrustList, TrustListFault } from './trust-list.ts';
import type { LinkRecord, TrustRecord } from './trust-list-records.ts';

export type ExpiryKind = 'envelope-key' | 'link-key' | 'tls-certificate' | 'revocation-list';

export interface Expiry {
  readonly kind: ExpiryKind;
  /** The key id; of a certificate `tls:<participant>:<serial>`, of a list `crl:<authority's key identifier>`. */
  readonly kid: string;
  /** Whose it is; of a revocation list `qiao`, who makes them. */
  readonly participant: string;
  readonly notAfterMs: number;
  /** Whole days that are left; negative: it has run out. */
  readonly daysLeft: number;
  /** The nearest of 30, 7, 1 and 0 that it has come down to, where somebody has to act. */
  readonly warning?: Threshold;
}

/** What is trusted now, and what is about to end. */
export interface TrustState {
  readonly list: LocalTrustList;
  /** Soonest first. */
  readonly expiries: readonly Expiry[];
  /** Why `trust.json` as it lies there did not come into force; undefined when it is in force. */
  readonly refused: { readonly faults: readonly TrustListFault[]; readonly sinceMs: number } | undefined;
}

/** Days before the end at which somebody is told; 0: it has ended. */
export const THRESHOLDS = [0, 1, 7, 30] as const;
export type Threshold = (typeof THRESHOLDS)[number];

const DAY_MS = 86_400_000;

export interface Expiring {
  readonly list: LocalTrustList;
  /** TLS certificates in use, DER, by participant. */
  readonly tls: ReadonlyMap<string, Uint8Array>;
  readonly crls: readonly Uint8Array[];
  readonly nowMs: number;
}

/** Soonest first. Revoked keys are not listed, nor those that ended and have been replaced. */
export function expiriesOf({ list, tls, crls, nowMs }: Expiring): readonly Expiry[] {
  const found: Expiry[] = [];
  const add = (kind: ExpiryKind, kid: string, participant: string, notAfterMs: number, replaced: boolean) => {
    if (replaced && notAfterMs <= nowMs) return;
    const daysLeft = Math.floor((notAfterMs - nowMs) / DAY_MS);
    const warning = replaced ? undefined : THRESHOLDS.find((days) => notAfterMs - nowMs <= days * DAY_MS);
    found.push({ kind, kid, participant, notAfterMs, daysLeft, ...(warning === undefined ? {} : { warning }) });
  };
  for (const record of list.records) {
    if (record.status === 'revoked') continue;
    const end = Math.min(Date.parse(record.notAfter), certificateEnd(record.chain?.[0]));
    add('envelope-key', record.kid, record.participant, end, isReplaced(record, list.records));
  }
  for (const link of list.links) {
    if (link.status === 'revoked') continue;
    const owner = link.side === 'gateway' ? 'qiao' : link.exchange;
    add('link-key', link.kid, owner, Date.parse(link.notAfter), isReplaced(link, list.links));
  }
  for (const [participant, der] of tls) {
    const certificate = readCertificate(der);
    const kid = `tls:${participant}:${certificate?.serial ?? ''}`;
    add('tls-certificate', kid, participant, certificate?.notAfterMs ?? 0, false);
  }
  for (const der of crls) {
    // Lists hold for a day and are made anew every hour: they are worth a word only once they have run out.
    const crl = readCrl(der);
    const kid = `crl:${Buffer.from(crl?.issuerKeyIdentifier ?? []).toString('hex')}`;
    const end = crl?.nextUpdateMs ?? 0;
    if (end <= nowMs) add('revocation-list', kid, 'qiao', end, false);
  }
  return found.sort((a, b) => a.notAfterMs - b.notAfterMs);
}

/** Leaves of the TLS certificates that are held here; exchanges' own are held in demo stores only. */
export function tlsLeavesOf(keys: Pick<KeyStore, 'tls'>): ReadonlyMap<string, Uint8Array> {
  const leaves = new Map<string, Uint8Array>();
  for (const participant of ['qiao', ...exchanges]) {
    try {
      const [leaf] = dersOfPem('CERTIFICATE', keys.tls(participant).chain);
      if (leaf !== undefined) leaves.set(participant, leaf);
    } catch (error) {
      if (!(error instanceof KeyProblem)) throw error;
    }
  }
  return leaves;
}

function certificateEnd(leaf: string | undefined): number {
  if (leaf === undefined) return Number.POSITIVE_INFINITY;
  return readCertificate(Buffer.from(leaf, 'base64'))?.notAfterMs ?? 0;
}

/** Another key of the same owner for the same use lasts longer. */
function isReplaced<R extends TrustRecord | LinkRecord>(record: R, all: readonly R[]): boolean {
  return all.some(
    (other) =>
      other.kid !== record.kid &&
      other.status === 'active' &&
      useOf(other) === useOf(record) &&
      Date.parse(other.notAfter) > Date.parse(record.notAfter),
  );
}

/** Ed25519 and ES256 replace each other; SM2 stands beside them. */
function useOf(record: TrustRecord | LinkRecord): string {
  if ('exchange' in record) return `${record.exchange} ${record.side}`;
  return `${record.participant} ${record.alg === 'SM2-SM3' ? 'second' : 'first'}`;
}
