/**
 * Whether a certificate is what it says, at an instant: the path root → intermediate → leaf of the closed profile
 * (`profile.ts`), checked on the DER itself with `node:crypto`. Nothing is looked up anywhere: roots and CRLs are handed in.
 */

import type { Sm2 } from '../sm2.ts';
import { sameBytes } from './asn1.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { type Crl, readCrl } from './crl.ts';
import { SIGNATURES } from './keys.ts';
import { type Link, readLink } from './link.ts';
import { EXTENDED_KEY_USAGES, keyUsageFor, type LeafPurpose, type Level, OID, PATH_LENGTHS } from './profile.ts';

/** DER. */
export interface Chain {
  readonly leaf: Uint8Array;
  readonly intermediate: Uint8Array;
}

export type PathPurpose = 'signing' | 'tls-client' | 'tls-server';

export interface PathCheck {
  /** The only anchors, DER. */
  readonly roots: readonly Uint8Array[];
  /** DER; needed from the root (about the intermediate) and from the intermediate (about the leaf). */
  readonly crls: readonly Uint8Array[];
  /** The instant that is judged, milliseconds since 1970. */
  readonly atMs: number;
  readonly purpose: PathPurpose;
  /** Whose certificate it has to be, e.g. `ctex`. */
  readonly participant: string;
  readonly sm2: Sm2;
}

const FAULTS = {
  'certificate-malformed': ['不是规定形式的证书', 'is not a certificate of the required form'],
  'chain-broken': ['与签发者的名称、密钥标识或签名不符', "does not fit its issuer's name, key or signature"],
  'root-unknown': ['并非由受信任的根证书签发', 'was not issued by a trusted root'],
  'certificate-expired': ['已过期', 'has expired'],
  'certificate-not-yet-valid': ['尚未生效', 'is not yet valid'],
  'extension-unknown': ['含规定之外的扩展项', 'has an extension that is not allowed'],
  'path-too-long': ['允许的证书链长度不符', 'allows a chain of another length'],
  'wrong-usage': ['不可用于此用途', 'is not for this use'],
  'wrong-participant': ['属于另一参与方', 'belongs to another participant'],
  'crl-missing': ['缺少其签发者的吊销列表', "cannot be judged: its issuer's revocation list is missing"],
  'crl-invalid': ['无法判定：吊销列表无效', 'cannot be judged: a revocation list is not valid'],
  'crl-stale': [
    '无法判定：其签发者的吊销列表不在有效期内',
    "cannot be judged: its issuer's revocation list is not in force",
  ],
  'certificate-revoked': ['已被吊销', 'is revoked'],
} as const satisfies Readonly<Record<string, readonly [zh: string, en: string]>>;

export type PathFault = keyof typeof FAULTS;

const LEVELS = {
  root: ['根证书', 'the root certificate'],
  intermediate: ['中间证书', 'the intermediate certificate'],
  leaf: ['该证书', 'the certificate'],
} as const satisfies Readonly<Record<Level, readonly [zh: string, en: string]>>;

export type PathVerdict =
  | {
      readonly ok: true;
      readonly spki: Uint8Array;
      readonly serial: string;
      /** The same is said of the same certificates and lists at every instant from the one judged until this one. */
      readonly untilMs: number;
    }
  | { readonly ok: false; readonly fault: PathFault; readonly zh: string; readonly en: string };

type Failure = Extract<PathVerdict, { ok: false }>;

const USAGES: Readonly<Record<PathPurpose, readonly [leaf: LeafPurpose, usage: string]>> = {
  signing: ['signing', OID.envelopeSigning],
  'tls-client': ['tls', OID.clientAuth],
  'tls-server': ['tls', OID.serverAuth],
};

/** Never throws for what it is given; the first fault found is the answer. */
export function validatePath(chain: Chain, check: PathCheck): PathVerdict {
  const { atMs, purpose, sm2 } = check;
  const intermediate = readLink(chain.intermediate, 'intermediate', sm2);
  if (typeof intermediate === 'string') return failed('intermediate', intermediate);
  const leaf = readLink(chain.leaf, 'leaf', sm2);
  if (typeof leaf === 'string') return failed('leaf', leaf);
  const root = findRoot(intermediate, check);
  if ('fault' in root) return root;
  const crls = check.crls.map(readCrl);
  return (
    issuedBy(root, root) ??
    issuedBy(intermediate, root) ??
    issuedBy(leaf, intermediate) ??
    fitFor(root, purpose) ??
    fitFor(intermediate, purpose) ??
    fitFor(leaf, purpose) ??
    belongsTo(leaf, check.participant) ??
    inForce(root, atMs) ??
    inForce(intermediate, atMs) ??
    inForce(leaf, atMs) ??
    notRevoked(intermediate, root, crls, atMs) ??
    notRevoked(leaf, intermediate, crls, atMs) ?? {
      ok: true,
      spki: leaf.certificate.spki,
      serial: leaf.certificate.serial,
      untilMs: Math.min(
        ...[root, intermediate, leaf].map(({ certificate }) => certificate.notAfterMs),
        ...crls.map((crl) => unchangedUntil(crl, atMs)),
      ),
    }
  );
}

/** The trusted root with the name and the key that the intermediate states; whether it signed is checked afterwards. */
function findRoot({ certificate, issuerKeyIdentifier }: Link, { roots, sm2 }: PathCheck): Link | Failure {
  const named = roots.filter((der) => sameBytes(readCertificate(der)?.subject ?? der, certificate.issuer));
  const links = named.map((der) => readLink(der, 'root', sm2));
  const readable = links.filter((link) => typeof link !== 'string');
  const meant = readable.find((link) => sameIdentifier(link, issuerKeyIdentifier));
  if (meant !== undefined) return meant;
  const fault = links.find((link) => typeof link === 'string');
  return fault === undefined ? failed('intermediate', 'root-unknown') : failed('root', fault);
}

function sameIdentifier(issuer: Link, stated: Uint8Array | undefined): boolean {
  return stated !== undefined && sameBytes(issuer.keyIdentifier, stated);
}

function issuedBy({ level, certificate, issuerKeyIdentifier }: Link, issuer: Link): Failure | undefined {
  const fits =
    sameBytes(certificate.issuer, issuer.certificate.subject) &&
    (level === 'root' || sameIdentifier(issuer, issuerKeyIdentifier)) &&
    isSignedBy(certificate, issuer);
  return fits ? undefined : failed(level, 'chain-broken');
}

/** The issuer's key fixes the algorithm; the one that is stated has only to be the same. */
function isSignedBy(signed: Certificate | Crl, { key }: Link): boolean {
  return signed.algorithm === SIGNATURES[key.kind] && key.verify(signed.tbs, signed.signature);
}

function fitFor({ level, pathLength, keyUsage, usages }: Link, purpose: PathPurpose): Failure | undefined {
  if (level !== 'leaf' && pathLength !== PATH_LENGTHS[level]) return failed(level, 'path-too-long');
  const [leafPurpose, usage] = USAGES[purpose];
  const fits =
    sameBytes(keyUsage, keyUsageFor(level, leafPurpose)) &&
    (level === 'root' ||
      (usages.includes(usage) && usages.every((other) => EXTENDED_KEY_USAGES[leafPurpose].includes(other))));
  return fits ? undefined : failed(level, 'wrong-usage');
}

function belongsTo({ level, participant }: Link, wanted: string): Failure | undefined {
  return participant === wanted ? undefined : failed(level, 'wrong-participant');
}

function inForce({ level, certificate }: Link, atMs: number): Failure | undefined {
  if (atMs < certificate.notBeforeMs) return failed(level, 'certificate-not-yet-valid');
  return atMs > certificate.notAfterMs ? failed(level, 'certificate-expired') : undefined;
}

/** By every list of that issuer which was in force then: an older one that still holds cannot take a revocation back. */
function notRevoked(
  { level, certificate }: Link,
  issuer: Link,
  crls: readonly (Crl | undefined)[],
  atMs: number,
): Failure | undefined {
  const readable = crls.filter((crl) => crl !== undefined);
  if (readable.length < crls.length) return failed(level, 'crl-invalid');
  const own = readable.filter((crl) => sameBytes(crl.issuer, issuer.certificate.subject));
  const lists = own.filter((crl) => sameIdentifier(issuer, crl.issuerKeyIdentifier));
  if (lists.length === 0) return failed(level, 'crl-missing');
  if (!lists.every((crl) => isSignedBy(crl, issuer))) return failed(level, 'crl-invalid');
  const current = lists.filter((crl) => crl.thisUpdateMs <= atMs && atMs <= crl.nextUpdateMs);
  if (current.length === 0) return failed(level, 'crl-stale');
  const named = current.some(({ revoked }) => revoked.some(({ serial }) => serial === certificate.serial));
  return named ? failed(level, 'certificate-revoked') : undefined;
}

/** The last instant before a list comes into force or goes out of it; one that is past never does again. */
function unchangedUntil(crl: Crl | undefined, atMs: number): number {
  if (crl === undefined || crl.nextUpdateMs < atMs) return Number.POSITIVE_INFINITY;
  return atMs < crl.thisUpdateMs ? crl.thisUpdateMs - 1 : crl.nextUpdateMs;
}

function failed(level: Level, fault: PathFault): Failure {
  const [zh, en] = FAULTS[fault];
  const [subjectZh, subjectEn] = LEVELS[level];
  return { ok: false, fault, zh: `${subjectZh}${zh}`, en: `${subjectEn} ${en}` };
}
