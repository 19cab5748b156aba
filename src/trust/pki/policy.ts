import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { KeyKind } from './keys.ts';
import type { HierarchyKind, LeafPurpose, Level } from './profile.ts';

/** From and until when a certificate holds; both ends are inside. Whole seconds are kept. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What was asked of an authority is outside the policy (certs/policy.json): nothing was signed. */
export class PolicyProblem extends Error {
  readonly zh: string;
  readonly en: string;
  constructor(zh: string, en: string) {
    super(`${zh} / ${en}`);
    this.name = 'PolicyProblem';
    this.zh = zh;
    this.en = en;
  }
}

interface Figure {
  readonly value: number;
}

/** The part of certs/policy.json that binds authorities. */
interface PkiPolicy {
  readonly rootLifetimeDays: Figure;
  readonly intermediateLifetimeDays: Figure;
  readonly signingLeafLifetimeDays: Figure;
  readonly tlsLeafLifetimeDays: Figure;
  readonly crlValidityHours: Figure;
  /** A root's key is offline: its list, about intermediates, is made by hand. */
  readonly rootCrlValidityDays: Figure;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const PARTICIPANT = /^[a-z][a-z0-9-]{1,31}$/;
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Which keys a leaf may have: TLS in this Node knows no SM2, and Ed25519 is not everywhere accepted there. */
const LEAF_KEYS: Readonly<Record<HierarchyKind, Readonly<Record<LeafPurpose, readonly KeyKind[]>>>> = {
  ec: { signing: ['ed25519', 'p256'], tls: ['p256'] },
  rsa: { signing: ['rsa'], tls: [] },
  sm2: { signing: ['sm2'], tls: [] },
};

/** Read at each use, which is rare: authorities sign a few times an hour. */
function readPolicy(): { readonly pki: PkiPolicy; readonly demo: { readonly lifetimeDays: Figure } } {
  return JSON.parse(readFileSync(new URL('../../../certs/policy.json', import.meta.url), 'utf8'));
}

/** The longest a certificate of that level may hold, in milliseconds. What a demo authority signs nobody ever renews. */
export function longestValidityMs(level: Level, purpose: LeafPurpose = 'signing', demo = false): number {
  const { pki, demo: demonstration } = readPolicy();
  const ofLeaf = purpose === 'signing' ? pki.signingLeafLifetimeDays : pki.tlsLeafLifetimeDays;
  const leaf = demo ? demonstration.lifetimeDays : ofLeaf;
  return { root: pki.rootLifetimeDays, intermediate: pki.intermediateLifetimeDays, leaf }[level].value * DAY_MS;
}

/** How long the CRL of such an authority holds, in milliseconds. */
export function crlValidityMs(level: 'root' | 'intermediate', demo = false): number {
  if (demo) return longestValidityMs('leaf', 'signing', demo);
  const { crlValidityHours, rootCrlValidityDays } = readPolicy().pki;
  return level === 'root' ? rootCrlValidityDays.value * DAY_MS : crlValidityHours.value * HOUR_MS;
}

/** @throws PolicyProblem */
export function requireValidity(
  { notBefore, notAfter }: Validity,
  longestMs: number,
  issuer?: { readonly notBeforeMs: number; readonly notAfterMs: number },
): void {
  const lengthMs = notAfter.getTime() - notBefore.getTime();
  if (!(lengthMs > 0)) throw new PolicyProblem('有效期为空', 'the validity is empty');
  if (lengthMs > longestMs) {
    const days = longestMs / DAY_MS;
    throw new PolicyProblem(`有效期超过 ${days} 天`, `the validity is longer than ${days} days`);
  }
  if (issuer !== undefined && (notBefore.getTime() < issuer.notBeforeMs || notAfter.getTime() > issuer.notAfterMs)) {
    throw new PolicyProblem('有效期超出签发者的有效期', "the validity goes beyond the issuer's own");
  }
}

/** @throws PolicyProblem */
export function requireCrlTimes(
  thisUpdate: Date,
  nextUpdate: Date,
  level: 'root' | 'intermediate' = 'intermediate',
  demo = false,
): void {
  const lengthMs = nextUpdate.getTime() - thisUpdate.getTime();
  const validityMs = crlValidityMs(level, demo);
  if (!(lengthMs > 0)) throw new PolicyProblem('吊销列表有效期为空', 'the validity of the CRL is empty');
  if (lengthMs > validityMs) {
    const hours = validityMs / HOUR_MS;
    throw new PolicyProblem(`吊销列表有效期超过 ${hours} 小时`, `the CRL would hold longer than ${hours} hours`);
  }
}

/** @throws PolicyProblem */
export function requireLeafKey(hierarchy: HierarchyKind, purpose: LeafPurpose, kind: KeyKind | undefined): void {
  if (kind !== undefined && LEAF_KEYS[hierarchy][purpose].includes(kind)) return;
  const allowed = LEAF_KEYS[hierarchy][purpose].join(', ') || '—';
  throw new PolicyProblem(
    `该密钥不可用于此证书（允许：${allowed}）`,
    `this key is not allowed in such a certificate (allowed: ${allowed})`,
  );
}

/** @throws PolicyProblem */
export function requireNames(participant: string, purpose: LeafPurpose, hosts: readonly string[]): void {
  if (!PARTICIPANT.test(participant)) throw new PolicyProblem('参与方代码格式不符', 'not a participant code');
  if (purpose === 'signing' && hosts.length > 0) {
    throw new PolicyProblem('签名证书不含主机名', 'a signing certificate names no hosts');
  }
  const bad = hosts.find((host) => isIP(host) === 0 && !HOST.test(host));
  if (bad !== undefined) throw new PolicyProblem('主机名格式不符', 'not a host name or IP address');
}

/** X.520 ub-common-name: 64 characters. @throws PolicyProblem */
export function requireCommonName(name: string): void {
  if (/^[^\p{Cc}\p{Cs}]{1,64}$/u.test(name)) return;
  throw new PolicyProblem('名称须为 1 至 64 个字符', 'the name must have 1 to 64 characters');
}
