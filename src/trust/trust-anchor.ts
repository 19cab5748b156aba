/**
 * The trust anchor, `anchor.json`: what a verifier must be given beforehand, and all it needs. Roots of the federation's
 * certificates, the operators who sign trust lists, the log's keys and its witnesses. It travels by hand, not by network.
 */

import { createHash, createPublicKey } from 'node:crypto';
import { isObject, parseJson } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import type { KeyIndex, TrustEntry } from '../envelope/jws.ts';
import { ed25519Verify } from '../envelope/signers.ts';
import { readPolicy, type WrittenPolicy } from '../log/quorum.ts';

/** The file, as written. */
export interface TrustAnchor extends WrittenPolicy {
  readonly format: 'qiao-trust-anchor/1';
  /** Made for demonstration: proves nothing to anybody. */
  readonly demo: boolean;
  /** Root certificates, DER in base64. */
  readonly roots: readonly string[];
  readonly operators: readonly Operator[];
  /** Distinct operators a trust list must be signed by. */
  readonly operatorQuorum: number;
}

export interface Operator {
  readonly name: string;
  /** Ed25519, SubjectPublicKeyInfo, DER in base64. */
  readonly spki: string;
}

export const ANCHOR_FORMAT = 'qiao-trust-anchor/1';
/** The issuer of everything that operators sign. */
export const OPERATORS = 'operators';
const MOST = 64;
const BASE64 = /^[A-Za-z0-9+/]{40,8000}={0,2}$/;
export const OPERATOR_NAME = /^[a-z][a-z0-9-]{0,31}$/;
const MEMBERS = ['format', 'demo', 'roots', 'operators', 'operatorQuorum', 'log', 'witnesses', 'quorum'] as const;

export function writeAnchor(anchor: TrustAnchor): string {
  const ordered = Object.fromEntries(MEMBERS.map((name) => [name, anchor[name]]));
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** Every fault of the file is given; one that passes can be used without further checks. */
export function parseAnchor(bytes: Uint8Array): Checked<TrustAnchor> {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const file: unknown = json.value;
  if (!isObject(file)) return refused(refuse('wrong-type'));
  if (file.format !== ANCHOR_FORMAT) return refused(refuse('unknown-kind', '/format', ANCHOR_FORMAT));
  const faults: Refusal[] = Object.keys(file)
    .filter((name) => !(MEMBERS as readonly string[]).includes(name))
    .map((name) => refuse('unknown-field', '', name.slice(0, 64)));
  const expect = (fits: boolean, pointer: string) => {
    if (!fits) faults.push(refuse('bad-format', pointer));
  };
  expect(typeof file.demo === 'boolean', '/demo');
  expect(isList(file.roots) && file.roots.every((root) => typeof root === 'string' && BASE64.test(root)), '/roots');
  const operators = isList(file.operators) ? file.operators : [];
  expect(operators.length >= 2 && operators.every(isOperator), '/operators');
  // One person under two names would be two operators.
  for (const member of ['name', 'spki'] as const) {
    expect(new Set(operators.map((one) => isObject(one) && one[member])).size === operators.length, '/operators');
  }
  const needed = file.operatorQuorum;
  expect(Number.isSafeInteger(needed) && Number(needed) >= 2 && Number(needed) <= operators.length, '/operatorQuorum');
  expect(isWrittenPolicy(file) && readPolicy(file) !== undefined, '/log');
  return faults.length > 0 ? refused(...faults) : accepted(file as unknown as TrustAnchor);
}

/** The operators' keys as a trust list of their own, by which trust lists are verified. */
export function operatorKeys(anchor: TrustAnchor): KeyIndex {
  const entries = new Map<string, TrustEntry>();
  for (const { name, spki } of anchor.operators) {
    const der = Buffer.from(spki, 'base64');
    const kid = operatorKid(name, der);
    entries.set(kid, {
      participant: OPERATORS,
      kid,
      alg: 'Ed25519',
      notBefore: '1970-01-01T00:00:00Z',
      notAfter: '9999-12-31T23:59:59Z',
      status: 'active',
      verify: ed25519Verify(createPublicKey({ key: der, format: 'der', type: 'spki' })),
    });
  }
  return { find: (kid) => entries.get(kid) };
}

/** The name of an exchange's witness in its verifier key. */
export function witnessName(exchange: string): string {
  return `${exchange}/witness`;
}

/** `operator:alice:9f86d081884c7d65`. */
export function operatorKid(name: string, spki: Uint8Array): string {
  return `operator:${name}:${createHash('sha256').update(spki).digest('hex').slice(0, 16)}`;
}

export function operatorOf(kid: string): string {
  return kid.split(':')[1] ?? '';
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= MOST;
}

function isOperator(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length !== 2) return false;
  const { name, spki } = value;
  if (typeof name !== 'string' || !OPERATOR_NAME.test(name) || typeof spki !== 'string') return false;
  try {
    const der = Buffer.from(spki, 'base64');
    ed25519Verify(createPublicKey({ key: der, format: 'der', type: 'spki' }));
    return der.toString('base64') === spki;
  } catch {
    return false;
  }
}

function isWrittenPolicy(value: Readonly<Record<string, unknown>>): value is WrittenPolicy & typeof value {
  const { log, witnesses, quorum } = value;
  const texts = (list: unknown) => isList(list) && list.every((one) => typeof one === 'string');
  return (
    isObject(log) &&
    Object.keys(log).length === 2 &&
    typeof log.origin === 'string' &&
    texts(log.keys) &&
    isList(witnesses) &&
    witnesses.every(
      (one) =>
        isObject(one) &&
        Object.keys(one).length === 2 &&
        typeof one.exchange === 'string' &&
        typeof one.key === 'string',
    ) &&
    typeof quorum === 'number'
  );
}
