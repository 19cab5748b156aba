/**
 * What operators ask for, and what it makes of the trust list. Pure: the second operator works out the same next version
 * from the request, so that nobody signs what they have not seen.
 */

import { instantAt } from '../contract/dates.ts';
import { isObject, parseJson } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { REVOCATION_REASONS, type RevocationReason } from './pki/crl.ts';
import { type LocalTrustList, TRUST_FORMAT, type TrustPayload } from './trust-list.ts';
import {
  isInstantText,
  isValidAt,
  type LinkRecord,
  linkRecordFaults,
  type TrustRecord,
  trustRecordFaults,
} from './trust-list-records.ts';

export type Request =
  | { readonly act: 'issue'; readonly use: 'envelope'; readonly record: TrustRecord }
  | { readonly act: 'issue'; readonly use: 'link'; readonly record: LinkRecord }
  | {
      readonly act: 'issue';
      readonly use: 'tls';
      readonly participant: string;
      /** The certification request, DER in base64. */
      readonly csr: string;
    }
  | { readonly act: 'revoke'; readonly kid: string; readonly reason: RevocationReason }
  | { readonly act: 'revoke-certificate'; readonly serial: string; readonly reason: RevocationReason };

/** What the first operator signs. */
export interface Proposal {
  readonly format: typeof PROPOSAL_FORMAT;
  /** When it was asked for, RFC 3339 with +08:00; a revocation counts from here. */
  readonly at: string;
  /** SHA-256 of the trust list in force, hex: what has changed since was not in view. */
  readonly base: string;
  readonly request: Request;
}

export const PROPOSAL_FORMAT = 'qiao-proposal/1';
const HOUR_MS = 3_600_000;
/** certs/policy.json, `envelope`. */
export const PUBLISH_BEFORE_MS = 24 * HOUR_MS;
export const OVERLAP_MS = 7 * 24 * HOUR_MS;

/** The next version; undefined when the request changes no list (TLS certificates stand by their authority alone). */
export function nextPayload(list: LocalTrustList, { at, request }: Proposal): Checked<TrustPayload | undefined> {
  const next = {
    format: TRUST_FORMAT,
    version: list.version + 1,
    issuedAt: at,
    prev: list.sha256,
    entries: list.records,
    links: list.links,
  } as const;
  if (request.act === 'revoke') {
    const known = [...list.records, ...list.links].find(({ kid }) => kid === request.kid);
    if (known === undefined) return refused(refuse('reference-unknown', '/kid', request.kid));
    if (known.status === 'revoked') return refused(refuse('state-forbids', '/kid', `${known.kid} revoked`));
    const revoke = <R extends TrustRecord | LinkRecord>(record: R): R =>
      record.kid === request.kid ? { ...record, status: 'revoked', revokedAt: at } : record;
    return accepted({ ...next, entries: list.records.map(revoke), links: list.links.map(revoke) });
  }
  if (request.act !== 'issue' || request.use === 'tls') return accepted(undefined);
  if (request.use === 'link') {
    const { record } = request;
    const links = withSuccessor(
      list.links,
      record,
      at,
      (one) => one.exchange === record.exchange && one.side === record.side,
    );
    return links.ok ? accepted({ ...next, links: links.value }) : links;
  }
  const { record } = request;
  const isSecond = record.alg === 'SM2-SM3';
  const entries = withSuccessor(
    list.records,
    record,
    at,
    ({ participant, alg }) => participant === record.participant && (alg === 'SM2-SM3') === isSecond,
    ({ participant }) => participant === record.participant,
  );
  return entries.ok ? accepted({ ...next, entries: entries.value }) : entries;
}

/**
 * Adds a key and ends its predecessors a week after it begins. Verifiers must know it a day ahead, wherever they already
 * go by a key of that owner.
 */
function withSuccessor<R extends TrustRecord | LinkRecord>(
  records: readonly R[],
  record: R,
  at: string,
  isPredecessor: (other: R) => boolean,
  isOfOwner: (other: R) => boolean = isPredecessor,
): Checked<readonly R[]> {
  if (records.some(({ kid }) => kid === record.kid)) return refused(refuse('version-conflict', '/kid', record.kid));
  const nowMs = Date.parse(at);
  const beginsMs = Date.parse(record.notBefore);
  const earliestMs = records.some((one) => isOfOwner(one) && isValidAt(one, nowMs)) ? nowMs + PUBLISH_BEFORE_MS : nowMs;
  if (beginsMs < earliestMs) return refused(refuse('too-early', '/notBefore', record.notBefore));
  const overlapEndsMs = beginsMs + OVERLAP_MS;
  const ended = records.map((one) =>
    isPredecessor(one) && one.status === 'active' && Date.parse(one.notAfter) > overlapEndsMs
      ? { ...one, notAfter: instantAt(overlapEndsMs) }
      : one,
  );
  return accepted([...ended, record]);
}

export function writeProposal({ at, base, request }: Proposal): Uint8Array {
  return Buffer.from(JSON.stringify({ format: PROPOSAL_FORMAT, at, base, request }), 'utf8');
}

/** The payload of a proposal, strictly. */
export function readProposal(bytes: Uint8Array): Checked<Proposal> {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const file: unknown = json.value;
  if (!isObject(file) || Object.keys(file).join() !== 'format,at,base,request') return refused(refuse('wrong-type'));
  if (file.format !== PROPOSAL_FORMAT) return refused(refuse('unknown-kind', '/format', PROPOSAL_FORMAT));
  if (typeof file.at !== 'string' || !isInstantText(file.at)) return refused(refuse('bad-format', '/at'));
  if (typeof file.base !== 'string' || !/^[0-9a-f]{64}$/.test(file.base)) return refused(refuse('bad-format', '/base'));
  const request: unknown = file.request;
  if (!isObject(request) || !isRequest(request)) return refused(refuse('bad-format', '/request'));
  return accepted(file as unknown as Proposal);
}

function isRequest(request: Readonly<Record<string, unknown>>): boolean {
  const { act, use, record } = request;
  const names = Object.keys(request).join();
  if (act === 'issue' && use === 'tls') {
    return (
      names === 'act,use,participant,csr' &&
      [request.participant, request.csr].every((text) => typeof text === 'string')
    );
  }
  if (act === 'issue') {
    const faults = use === 'envelope' ? trustRecordFaults : use === 'link' ? linkRecordFaults : undefined;
    return names === 'act,use,record' && faults?.(record, '').length === 0;
  }
  const { reason, kid, serial } = request;
  if (typeof reason !== 'string' || !Object.hasOwn(REVOCATION_REASONS, reason)) return false;
  if (act === 'revoke') return names === 'act,kid,reason' && typeof kid === 'string';
  return act === 'revoke-certificate' && names === 'act,serial,reason' && /^[0-9a-f]{1,40}$/.test(String(serial));
}
