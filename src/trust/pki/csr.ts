/** Certification requests (PKCS #10, RFC 2986): how a key is brought to an authority by the one who holds it. */

import { OctetString } from '@peculiar/asn1-schema';
import { Extension } from '@peculiar/asn1-x509';
import { accepted, type Checked, refuse, refused } from '../../contract/refusal.ts';
import type { Sm2 } from '../sm2.ts';
import { type Fields, fieldsOf, NotDer, oidOf, orUndefined, smallOf, TAG } from './asn1.ts';
import { ecCertifier } from './authority-ec.ts';
import { rsaCertifier } from './authority-rsa.ts';
import { sm2Certifier } from './authority-sm2.ts';
import { commonNameOf, nameBytes, readSigned } from './certificate.ts';
import { type Certifier, nameOf } from './certifier.ts';
import { readExtensions, type SubjectNames, subjectNamesOf } from './extensions.ts';
import { fingerprintOf, type KeyKind, readPrivateKey, readPublicKey, SIGNATURES } from './keys.ts';
import { requireCommonName, requireNames } from './policy.ts';
import { OID, subjectAltNameFor } from './profile.ts';

export interface CsrParts {
  readonly participant: string;
  /** Common name, any script, at most 64 characters. */
  readonly name: string;
  /** PKCS#8 PEM, not encrypted; it is used to sign and goes nowhere. */
  readonly privateKeyPem: string;
  /** Host names and IP addresses, for TLS. */
  readonly hosts?: readonly string[];
}

/** What a request asks for; that its sender holds the private key has been checked. */
export interface Csr extends SubjectNames {
  readonly spki: Uint8Array;
  readonly kind: KeyKind;
  readonly name: string;
  /** SHA-256 of the SPKI in hex: to be read out over another channel before anything is issued. */
  readonly fingerprint: string;
}

const MAX_CSR_BYTES = 8192;
const CERTIFIERS: Readonly<Record<KeyKind, Certifier>> = {
  ed25519: ecCertifier,
  p256: ecCertifier,
  rsa: rsaCertifier,
  sm2: sm2Certifier,
};

/** @returns DER. @throws PolicyProblem for names outside the policy, TypeError for a key of another kind */
export async function makeCsr({ participant, name, privateKeyPem, hosts = [] }: CsrParts): Promise<Uint8Array> {
  requireCommonName(name);
  requireNames(participant, hosts.length > 0 ? 'tls' : 'signing', hosts);
  const { kind, spki } = readPrivateKey(privateKeyPem);
  const extnValue = new OctetString(subjectAltNameFor(participant, hosts));
  const extensions = [new Extension({ extnID: OID.subjectAltName, critical: false, extnValue })];
  return CERTIFIERS[kind].request({ subject: nameOf(name), spki, extensions }, privateKeyPem);
}

/**
 * Refused: `bad-format` for anything that is not a request of this form, with one of the four kinds of key; `bad-signature`
 * when it was not signed by the key it brings.
 */
export function readCsr(der: Uint8Array, sm2: Sm2): Checked<Csr> {
  const read = orUndefined(() => {
    const signed = readSigned(der, MAX_CSR_BYTES);
    return { ...signed, ...contentOf(fieldsOf(signed.tbs)) };
  });
  if (read === undefined) return refused(refuse('bad-format', '', 'PKCS #10'));
  const key = readPublicKey(read.spki, sm2);
  if (key === undefined) return refused(refuse('bad-format', '', 'SubjectPublicKeyInfo'));
  if (read.algorithm !== SIGNATURES[key.kind] || !key.verify(read.tbs.bytes, read.signature)) {
    return refused(refuse('bad-signature'));
  }
  const { spki, name, participant, hosts } = read;
  return accepted({ spki, kind: key.kind, name, participant, hosts, fingerprint: fingerprintOf(spki) });
}

/** CertificationRequestInfo { version 0, subject, key, [0] { extensionRequest { subjectAltName } } }. @throws NotDer */
function contentOf(fields: Fields): SubjectNames & { readonly spki: Uint8Array; readonly name: string } {
  if (smallOf(fields.take(TAG.integer)) !== 0) throw new NotDer('version');
  const name = commonNameOf(nameBytes(fields.take(TAG.sequence)));
  const spki = fields.take(TAG.sequence).bytes;
  const attributes = fieldsOf(fields.take(0xa0), 0xa0);
  fields.end();
  const attribute = fieldsOf(attributes.take(TAG.sequence));
  attributes.end();
  if (oidOf(attribute.take(TAG.oid)) !== OID.extensionRequest) throw new NotDer('attribute');
  const values = fieldsOf(attribute.take(TAG.set), TAG.set);
  attribute.end();
  const wanted = readExtensions(values.take(TAG.sequence));
  values.end();
  const names = wanted.get(OID.subjectAltName);
  if (names === undefined || wanted.size > 1) throw new NotDer('extension');
  return { spki, name, ...subjectNamesOf(names.value) };
}
