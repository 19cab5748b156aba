/**
 * What a certificate of the federation looks like, at each of its three levels: the one table that makes them and that
 * checks them. There is nothing optional in it, so there is nothing to be lenient about.
 *
 * | level        | basicConstraints  | keyUsage                         | extendedKeyUsage | names        | SKI | AKI |
 * |--------------|-------------------|----------------------------------|------------------|--------------|-----|-----|
 * | root         | CA, pathlen 1     | keyCertSign, cRLSign             |                  |              | yes |     |
 * | intermediate | CA, pathlen 0     | keyCertSign, cRLSign             | as its leaves    |              | yes | yes |
 * | leaf         | not a CA          | digitalSignature, for signing    | by purpose       | URI, and for | yes | yes |
 * |              |                   | nonRepudiation too               |                  | TLS hosts    |     |     |
 */

import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { keyIdentifierOf } from './keys.ts';

/** A hierarchy is named after what its authorities sign with: P-256, RSA or SM2. */
export type HierarchyKind = 'ec' | 'rsa' | 'sm2';
export type LeafPurpose = 'signing' | 'tls';
export type Level = 'root' | 'intermediate' | 'leaf';

export const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  extensionRequest: '1.2.840.113549.1.9.14',
  commonName: '2.5.4.3',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  /**
   * "May sign envelopes". A stand-in under the arc for examples (RFC 5612), until the federation has a number of its own; a
   * UUID under 2.25 would need none, but its one large arc cannot be read by node-forge nor by Go.
   */
  envelopeSigning: '1.3.6.1.4.1.32473.1.1',
} as const;

/** In this order they are written; whether each is critical is fixed too. */
export const EXTENSIONS: Readonly<Record<Level, readonly (readonly [oid: string, critical: boolean])[]>> = {
  root: [
    [OID.basicConstraints, true],
    [OID.keyUsage, true],
    [OID.subjectKeyIdentifier, false],
  ],
  intermediate: [
    [OID.basicConstraints, true],
    [OID.keyUsage, true],
    [OID.extendedKeyUsage, false],
    [OID.subjectKeyIdentifier, false],
    [OID.authorityKeyIdentifier, false],
  ],
  leaf: [
    [OID.basicConstraints, true],
    [OID.keyUsage, true],
    [OID.extendedKeyUsage, false],
    [OID.subjectAltName, false],
    [OID.subjectKeyIdentifier, false],
    [OID.authorityKeyIdentifier, false],
  ],
};

/** How many authorities may follow below (RFC 5280 §4.2.1.9): this is what makes it exactly three levels. */
export const PATH_LENGTHS = { root: 1, intermediate: 0 } as const;

export const EXTENDED_KEY_USAGES: Readonly<Record<LeafPurpose, readonly string[]>> = {
  signing: [OID.envelopeSigning],
  tls: [OID.clientAuth, OID.serverAuth],
};

const PARTICIPANT_URN = 'urn:fed:exchange:';

export function participantUrn(participant: string): string {
  return `${PARTICIPANT_URN}${participant}`;
}

export function participantOfUrn(urn: string): string | undefined {
  return urn.startsWith(PARTICIPANT_URN) ? urn.slice(PARTICIPANT_URN.length) : undefined;
}

/** KeyUsage, DER: a BIT STRING with named bits, so unused bits at the end are cut off (X.690 §11.2.2). */
export function keyUsageFor(level: Level, purpose?: LeafPurpose): Uint8Array {
  const flags =
    level !== 'leaf'
      ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
      : purpose === 'signing'
        ? KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation
        : KeyUsageFlags.digitalSignature;
  return der(new KeyUsage(flags));
}

/** What is particular to one certificate; the rest follows from the level. */
export interface ExtensionParts {
  readonly spki: Uint8Array;
  readonly issuerSpki: Uint8Array;
  readonly purpose?: LeafPurpose;
  readonly participant?: string;
  readonly hosts?: readonly string[];
}

export function extensionsOf(level: Level, parts: ExtensionParts): readonly Extension[] {
  return EXTENSIONS[level].map(([extnID, critical]) => {
    return new Extension({ extnID, critical, extnValue: new OctetString(valueFor(extnID, level, parts)) });
  });
}

export function subjectAltNameFor(participant: string, hosts: readonly string[] = []): Uint8Array {
  const names = hosts.map((host) => new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host }));
  const urn = new GeneralName({ uniformResourceIdentifier: participantUrn(participant) });
  return der(new SubjectAlternativeName([urn, ...names]));
}

export function authorityKeyIdentifierFor(spki: Uint8Array): Uint8Array {
  return der(new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifierOf(spki)) }));
}

function valueFor(oid: string, level: Level, parts: ExtensionParts): Uint8Array {
  switch (oid) {
    case OID.basicConstraints:
      return der(
        level === 'leaf'
          ? new BasicConstraints()
          : new BasicConstraints({ cA: true, pathLenConstraint: PATH_LENGTHS[level] }),
      );
    case OID.keyUsage:
      return keyUsageFor(level, parts.purpose);
    case OID.extendedKeyUsage:
      return der(new ExtendedKeyUsage([...EXTENDED_KEY_USAGES[parts.purpose ?? 'signing']]));
    case OID.subjectAltName:
      return subjectAltNameFor(parts.participant ?? '', parts.hosts);
    case OID.subjectKeyIdentifier:
      return der(new SubjectKeyIdentifier(keyIdentifierOf(parts.spki)));
    default:
      return authorityKeyIdentifierFor(parts.issuerSpki);
  }
}

function der(value: unknown): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(value));
}
