import type { Sm2 } from '../sm2.ts';
import { orUndefined } from './asn1.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import {
  authorityKeyIdentifierOf,
  basicConstraintsOf,
  extendedKeyUsagesOf,
  subjectKeyIdentifierOf,
  subjectNamesOf,
} from './extensions.ts';
import { type PublicKey, readPublicKey } from './keys.ts';
import { EXTENSIONS, type Level, OID } from './profile.ts';

/** One certificate of the path with all it says decoded. */
export interface Link {
  readonly level: Level;
  readonly certificate: Certificate;
  readonly key: PublicKey;
  readonly pathLength: number | undefined;
  readonly keyUsage: Uint8Array;
  readonly usages: readonly string[];
  readonly keyIdentifier: Uint8Array;
  /** Undefined in a root only. */
  readonly issuerKeyIdentifier: Uint8Array | undefined;
  /** Undefined except in a leaf. */
  readonly participant: string | undefined;
}

/** Why a certificate cannot stand at that level of a path, whoever issued it. */
export type LinkFault = 'certificate-malformed' | 'extension-unknown' | 'wrong-usage';

/** Exactly the extensions of the level, each as critical as the profile says, each decoded. */
export function readLink(der: Uint8Array, level: Level, sm2: Sm2): Link | LinkFault {
  const certificate = readCertificate(der);
  const key = certificate && readPublicKey(certificate.spki, sm2);
  if (certificate === undefined || key === undefined) return 'certificate-malformed';
  const { extensions } = certificate;
  const profile = EXTENSIONS[level];
  const stated = extensions.get(OID.basicConstraints);
  const constraints = stated && orUndefined(() => basicConstraintsOf(stated.value));
  if (stated !== undefined && constraints === undefined) return 'certificate-malformed';
  // Before all else: a leaf that poses as an authority, or the reverse, is to be called that.
  if ((constraints?.ca ?? false) !== (level !== 'leaf')) return 'wrong-usage';
  if ([...extensions.keys()].some((oid) => !profile.some(([known]) => known === oid))) return 'extension-unknown';
  if (profile.some(([oid, critical]) => extensions.get(oid)?.critical !== critical)) return 'certificate-malformed';
  const value = (oid: string): Uint8Array => extensions.get(oid)?.value ?? new Uint8Array();
  const link = orUndefined(() => ({
    level,
    certificate,
    key,
    pathLength: constraints?.pathLength,
    keyUsage: value(OID.keyUsage),
    usages: level === 'root' ? [] : extendedKeyUsagesOf(value(OID.extendedKeyUsage)),
    keyIdentifier: subjectKeyIdentifierOf(value(OID.subjectKeyIdentifier)),
    issuerKeyIdentifier: level === 'root' ? undefined : authorityKeyIdentifierOf(value(OID.authorityKeyIdentifier)),
    participant: level === 'leaf' ? subjectNamesOf(value(OID.subjectAltName)).participant : undefined,
  }));
  return link ?? 'certificate-malformed';
}
