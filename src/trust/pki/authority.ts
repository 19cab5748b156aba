/**
 * Authorities of the federation's three hierarchies, each exactly root → intermediate → leaf: what they sign is inside
 * the profile and the policy, or it is not signed.
 */

import { randomBytes } from 'node:crypto';
import { nativeSm2 } from '../sm2.ts';
import { sameBytes } from './asn1.ts';
import { ecCertifier } from './authority-ec.ts';
import { rsaCertifier } from './authority-rsa.ts';
import { sm2Certifier } from './authority-sm2.ts';
import { type Certificate, levelOf, readCertificate } from './certificate.ts';
import { type Certifier, nameOf } from './certifier.ts';
import { readCrl } from './crl.ts';
import { type CrlContent, writeCrl } from './crl-making.ts';
import { extendedKeyUsagesOf } from './extensions.ts';
import { type KeyKind, makeKeyPem, readPrivateKey, readPublicKey } from './keys.ts';
import {
  longestValidityMs,
  PolicyProblem,
  requireCommonName,
  requireCrlTimes,
  requireLeafKey,
  requireNames,
  requireValidity,
  type Validity,
} from './policy.ts';
import {
  EXTENDED_KEY_USAGES,
  type ExtensionParts,
  extensionsOf,
  type HierarchyKind,
  type LeafPurpose,
  type Level,
  OID,
} from './profile.ts';

/** A root or an intermediate: whoever holds the key signs in its name. */
export interface Authority {
  readonly kind: HierarchyKind;
  /** DER. */
  readonly certificate: Uint8Array;
  /** PKCS#8, not encrypted: at rest the key store encrypts it, and the root's stays offline. */
  readonly privateKeyPem: string;
  /** Of a demo store: its leaves and lists may hold as long as it does itself. */
  readonly demo?: boolean;
}

export interface LeafRequest {
  readonly participant: string;
  readonly purpose: LeafPurpose;
  /** Common name, any script, at most 64 characters. */
  readonly name: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly validity: Validity;
  /** Host names and IP addresses, for TLS only. */
  readonly hosts?: readonly string[];
}

const CERTIFIERS: Readonly<Record<HierarchyKind, Certifier>> = {
  ec: ecCertifier,
  rsa: rsaCertifier,
  sm2: sm2Certifier,
};
const AUTHORITY_KEYS: Readonly<Record<HierarchyKind, KeyKind>> = { ec: 'p256', rsa: 'rsa', sm2: 'sm2' };

/** Makes a key and the certificate it signs for itself. @throws PolicyProblem */
export async function makeRoot(kind: HierarchyKind, name: string, validity: Validity): Promise<Authority> {
  requireValidity(validity, longestValidityMs('root'));
  const privateKeyPem = makeKeyPem(AUTHORITY_KEYS[kind]);
  const { spki } = readPrivateKey(privateKeyPem);
  const self = { kind, privateKeyPem, subject: nameOf(name), spki };
  const certificate = await certify(self, 'root', { name, validity, spki });
  return { kind, certificate, privateKeyPem };
}

/** @throws PolicyProblem, also when the authority above is no root or has no such branch (TLS is in the EC hierarchy only) */
export async function makeIntermediate(
  root: Authority,
  purpose: LeafPurpose,
  name: string,
  validity: Validity,
): Promise<Authority> {
  const { kind } = root;
  const issuer = issuing(root, 'root');
  if (purpose === 'tls' && kind !== 'ec') {
    throw new PolicyProblem('此体系不签发 TLS 证书', 'this hierarchy has no TLS branch');
  }
  requireValidity(validity, longestValidityMs('intermediate'), issuer);
  const privateKeyPem = makeKeyPem(AUTHORITY_KEYS[kind]);
  const { spki } = readPrivateKey(privateKeyPem);
  const certificate = await certify({ ...root, ...issuer }, 'intermediate', { name, validity, spki, purpose });
  return { kind, certificate, privateKeyPem };
}

/**
 * The key's owner must have proved possession before (`readCsr`).
 * @returns the certificate, DER. @throws PolicyProblem
 */
export async function issueLeaf(issuer: Authority, request: LeafRequest): Promise<Uint8Array> {
  const { participant, purpose, spki, validity, hosts = [] } = request;
  const above = issuing(issuer, 'intermediate');
  const usages = extendedKeyUsagesOf(above.extensions.get(OID.extendedKeyUsage)?.value ?? new Uint8Array());
  if (!EXTENDED_KEY_USAGES[purpose].every((usage) => usages.includes(usage))) {
    throw new PolicyProblem('该中间机构不签发此用途的证书', 'this authority does not issue certificates for that use');
  }
  requireLeafKey(issuer.kind, purpose, readPublicKey(spki, nativeSm2)?.kind);
  requireNames(participant, purpose, hosts);
  requireValidity(validity, longestValidityMs('leaf', purpose, issuer.demo), above);
  return certify({ ...issuer, ...above }, 'leaf', request);
}

/** The list of everything this authority has ever revoked. @returns DER. @throws PolicyProblem */
export async function makeCrl(issuer: Authority, content: CrlContent): Promise<Uint8Array> {
  const authority = issuing(issuer);
  const level = levelOf(authority) === 'root' ? 'root' : 'intermediate';
  requireCrlTimes(content.thisUpdate, content.nextUpdate, level, issuer.demo);
  const made = writeCrl(authority, readPrivateKey(issuer.privateKeyPem), content);
  if (readCrl(made) === undefined) throw new Error('assertion: our own CRL is not in the form');
  return made;
}

/** The authority's own certificate, if it stands at that level and the key is its own. @throws PolicyProblem */
function issuing(authority: Authority, wanted?: 'root' | 'intermediate'): Certificate {
  const certificate = readCertificate(authority.certificate);
  const level = certificate && levelOf(certificate);
  if (
    certificate === undefined ||
    level === undefined ||
    level === 'leaf' ||
    (wanted !== undefined && level !== wanted)
  ) {
    throw new PolicyProblem('该机构不可签发此类证书', 'this authority stands at another level');
  }
  if (!sameBytes(readPrivateKey(authority.privateKeyPem).spki, certificate.spki)) {
    throw new PolicyProblem('私钥与机构证书不符', "the private key is not that of the authority's certificate");
  }
  return certificate;
}

interface Issuer {
  readonly kind: HierarchyKind;
  readonly privateKeyPem: string;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
}

async function certify(
  issuer: Issuer,
  level: Level,
  subject: Omit<ExtensionParts, 'issuerSpki'> & { readonly name: string; readonly validity: Validity },
): Promise<Uint8Array> {
  const { name, validity, spki } = subject;
  requireCommonName(name);
  const parts = {
    serial: makeSerial(),
    issuer: issuer.subject,
    subject: nameOf(name),
    validity,
    spki,
    extensions: extensionsOf(level, { ...subject, issuerSpki: issuer.spki }),
  };
  const made = await CERTIFIERS[issuer.kind].certificate(parts, issuer.privateKeyPem);
  if (readCertificate(made) === undefined)
    throw new Error(`assertion: our own ${level} certificate is not in the form`);
  return made;
}

/** 126 random bits, positive and without a leading zero (RFC 5280 §4.1.2.2 allows 20 octets). */
function makeSerial(): string {
  const octets = randomBytes(16);
  octets[0] = (octets[0]! & 0x3f) | 0x40;
  return octets.toString('hex');
}
