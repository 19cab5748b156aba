/**
 * Four eyes. The first operator signs what is asked for and the trust list it makes; the second works both out again and
 * signs the same bytes. Only then is there a new version, a certificate, a revocation list.
 *
 *     pending/<id>.json   asked for by one           done/<id>.json   signed by two: kept as the record
 *     issued/<name>.pem   certificates made          trust/<version>.json, trust.json
 */

import { createHash, createPublicKey } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { instantAt } from '../contract/dates.ts';
import { isObject, parseJson } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { type OpenedJws, openJws, signJws } from '../envelope/jws.ts';
import { nextPayload, PROPOSAL_FORMAT, type Proposal, type Request, readProposal, writeProposal } from './enrolment.ts';
import { carryOut, certificateFault, keyOf, publish } from './enrolment-effects.ts';
import { type OperatorDesk, sameFingerprint } from './enrolment-request.ts';
import { namesIn, readStoreFile, replaceStoreFile } from './keystore-files.ts';
import { PolicyProblem } from './pki/policy.ts';
import { OPERATORS, operatorKeys, operatorOf, type TrustAnchor } from './trust-anchor.ts';
import { readTrustList, shownFaults, type TrustPayload } from './trust-list.ts';
import { successionFault } from './trust-list-succession.ts';
import { joinSignatures, operatorSigner, signTrustList } from './trust-list-write.ts';

/** Something asked for, as it lies in the folder. */
export interface Pending {
  readonly id: string;
  readonly proposal: Proposal;
  /** Who has signed it. */
  readonly operators: readonly string[];
  readonly jws: Uint8Array;
  /** The next version under the first operator's signature; absent when the request makes none. */
  readonly list: Uint8Array | undefined;
}

export interface Approved {
  readonly id: string;
  readonly request: Request;
  readonly operators: readonly string[];
  /** The version now in force. */
  readonly version: number;
  /** PEM file with the certificate made, leaf first. */
  readonly issued: string | undefined;
}

const proposalProfile = { typ: 'fed-proposal+jws', members: new Set(['typ', 'iss']) } as const;
const HEADER = { typ: proposalProfile.typ, iss: OPERATORS };

/** Puts a request before the other operators. */
export async function propose(desk: OperatorDesk, request: Request): Promise<Checked<Pending>> {
  const refusal = knownOperator(desk);
  if (refusal !== undefined) return refused(refusal);
  // The next whole second: nothing is revoked before it was asked for.
  const at = instantAt(Math.ceil(desk.nowMs / 1000) * 1000);
  const proposal: Proposal = { format: PROPOSAL_FORMAT, at, base: desk.list.sha256, request };
  const next = nextPayload(desk.list, proposal);
  if (!next.ok) return next;
  const bytes = writeProposal(proposal);
  const signer = operatorSigner(desk.operator.name, desk.operator.key);
  const jws = await signJws(bytes, HEADER, [signer]);
  const list = next.value === undefined ? undefined : await signTrustList(next.value, [signer]);
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const file = { proposal: text(jws), list: list === undefined ? null : text(list) };
  replaceStoreFile(join(desk.root, 'pending', `${id}.json`), `${JSON.stringify(file, null, 2)}\n`);
  return accepted({ id, proposal, operators: [desk.operator.name], jws, list });
}

/** What waits for a second operator, whole or not. */
export function pendingIds(root: string): readonly string[] {
  return namesIn(join(root, 'pending'), /^[0-9a-f]{12}\.json$/).map((name) => name.slice(0, 12));
}

/** Everything about it is checked except who approves. */
export function readPending(root: string, id: string, anchor: TrustAnchor): Checked<Pending> {
  const path = join(root, 'pending', `${id}.json`);
  if (!/^[0-9a-f]{12}$/.test(id) || !existsSync(path)) return refused(refuse('reference-unknown', '', id.slice(0, 64)));
  const json = parseJson(readStoreFile(path), 4_000_000);
  if (!json.ok) return json;
  const file: unknown = json.value;
  const jws = isObject(file) && typeof file.proposal === 'string' ? Buffer.from(file.proposal, 'utf8') : undefined;
  if (!isObject(file) || jws === undefined) return refused(refuse('wrong-type'));
  const list = typeof file.list === 'string' ? Buffer.from(file.list, 'utf8') : undefined;
  const opened = openJws(jws, operatorKeys(anchor), proposalProfile);
  if (!opened.ok) return refused(refuse('bad-signature', opened.pointer, `${opened.zh} / ${opened.en}`));
  const proposal = readProposal(opened.payload);
  if (!proposal.ok) return proposal;
  const operators = signedBy(opened);
  return accepted({ id, proposal: proposal.value, operators, jws, list });
}

/**
 * Signs as the second operator and carries it out.
 * @param fingerprint what this operator has been told over another channel; needed wherever a key comes in
 */
export async function approve(
  desk: OperatorDesk,
  id: string,
  fingerprint: string | undefined,
): Promise<Checked<Approved>> {
  const read = readPending(desk.root, id, desk.anchor);
  if (!read.ok) return read;
  const { proposal, operators, jws, list } = read.value;
  const { request } = proposal;
  const refusal = knownOperator(desk) ?? refusalOf(desk, proposal, operators, fingerprint);
  if (refusal !== undefined) return refused(refusal);
  const next = nextPayload(desk.list, proposal);
  if (!next.ok) return next;
  const signer = operatorSigner(desk.operator.name, desk.operator.key);
  const joint = joinSignatures(jws, await signJws(writeProposal(proposal), HEADER, [signer]));
  if (joint === undefined) return refused(refuse('bad-signature'));

  const version = next.value?.version ?? desk.list.version;
  let bytes: Uint8Array | undefined;
  if (next.value !== undefined) {
    const checked = await jointList(desk, next.value, list, request);
    if (!checked.ok) return checked;
    bytes = checked.value;
  }
  try {
    // What can fail comes first; a revocation list that is ahead of the trust list does no harm.
    const certificate = await carryOut(desk, request);
    if (bytes !== undefined && !publish(desk.root, version, bytes)) return refused(refuse('proposal-stale', '/base'));
    const issued = certificate && join('issued', `${certificate.name}.pem`);
    if (certificate !== undefined) replaceStoreFile(join(desk.root, issued!), certificate.pem);
    const record = { proposal: text(joint), issued: issued ?? null };
    replaceStoreFile(join(desk.root, 'done', `${id}.json`), `${JSON.stringify(record, null, 2)}\n`);
    rmSync(join(desk.root, 'pending', `${id}.json`));
    return accepted({ id, request, operators: [...operators, desk.operator.name], version, issued });
  } catch (error) {
    if (error instanceof PolicyProblem) return refused(refuse('outside-policy', '', `${error.zh} / ${error.en}`));
    throw error;
  }
}

/** The next version under both signatures; the first must be under exactly the list that the request makes. */
async function jointList(
  desk: OperatorDesk,
  next: TrustPayload,
  first: Uint8Array | undefined,
  request: Request,
): Promise<Checked<Uint8Array>> {
  const own = await signTrustList(next, [operatorSigner(desk.operator.name, desk.operator.key)]);
  // Undefined also when the payloads differ.
  const bytes = first === undefined ? undefined : joinSignatures(first, own);
  const read = bytes === undefined ? undefined : readTrustList(bytes, desk.anchor, desk.sm2);
  if (bytes === undefined || read === undefined) return refused(refuse('bad-signature', '/list'));
  if (!read.ok) return refused(refuse('bad-signature', '/list', shownFaults(read.faults)));
  const fault = successionFault(read.list, desk.list) ?? certificateFault(desk, request);
  return fault === undefined ? accepted(bytes) : refused(refuse('inconsistent', '/list', `${fault.zh} / ${fault.en}`));
}

function refusalOf(
  { list, operator, sm2 }: OperatorDesk,
  { base, request }: Proposal,
  operators: readonly string[],
  fingerprint: string | undefined,
): Refusal | undefined {
  if (operators.includes(operator.name)) return refuse('same-operator', '', operator.name);
  if (base !== list.sha256) return refuse('proposal-stale', '/base');
  if (request.act !== 'issue') return undefined;
  const key = keyOf(request, sm2);
  if (!key.ok) return key.refusals[0];
  return fingerprint !== undefined && sameFingerprint(fingerprint, key.value.fingerprint)
    ? undefined
    : refuse('fingerprint-differs', '/fingerprint');
}

function knownOperator({ anchor, operator }: OperatorDesk): Refusal | undefined {
  const spki = createPublicKey(operator.key).export({ format: 'der', type: 'spki' }).toString('base64');
  const known = anchor.operators.some((one) => one.name === operator.name && one.spki === spki);
  return known ? undefined : refuse('unknown-sender', '', operator.name);
}

function signedBy({ signatures }: OpenedJws): readonly string[] {
  return [...new Set(signatures.map(({ kid }) => operatorOf(kid)))];
}

function text(jws: Uint8Array): string {
  return Buffer.from(jws).toString('latin1');
}
