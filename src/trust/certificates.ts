/**
 * Demo X.509 certificates for the RSA keys of the ctex link: a root of our own and one leaf a key.
 *
 * node-forge only makes them. It is never used to sign messages (25 ms each) nor to verify anything: it accepts RSA
 * signatures that it must not. It can do RSA only, so SM2 and P-256 links have bare keys.
 */

import { createHash, generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

export interface DemoSubject {
  /** Participant code, e.g. `ctex`; goes into the URI name `urn:fed:exchange:ctex`. */
  readonly participant: string;
  /** Common name, any script. */
  readonly name: string;
  /** SPKI, PEM, RSA. */
  readonly publicKeyPem: string;
}

export interface DemoCertificates {
  readonly rootPem: string;
  /** In the order of the subjects. */
  readonly leafPems: readonly string[];
}

/** The root's private key exists only while this runs: it can never sign anything else. */
export function makeDemoCertificates(
  subjects: readonly DemoSubject[],
  validity: { readonly notBefore: Date; readonly notAfter: Date },
): DemoCertificates {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rootKey = forge.pki.privateKeyFromPem(privateKey.export({ format: 'pem', type: 'pkcs1' }).toString());
  const rootName = named('桥 演示根证书 / Qiao demo root (not for production)');
  const root = certificate(publicKey.export({ format: 'pem', type: 'spki' }).toString(), rootName, rootName, validity, [
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  root.sign(rootKey, forge.md.sha256.create());
  const rootId = root.generateSubjectKeyIdentifier().getBytes();
  const leafPems = subjects.map(({ participant, name, publicKeyPem }) => {
    const leaf = certificate(publicKeyPem, named(name), rootName, validity, [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, nonRepudiation: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 6, value: `urn:fed:exchange:${participant}` }] },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: rootId },
    ]);
    leaf.sign(rootKey, forge.md.sha256.create());
    return forge.pki.certificateToPem(leaf);
  });
  return { rootPem: forge.pki.certificateToPem(root), leafPems };
}

function certificate(
  publicKeyPem: string,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  extensions: object[],
): forge.pki.Certificate {
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.publicKeyFromPem(publicKeyPem);
  // Positive and unlike any other key's, without a counter to keep: RFC 5280 §4.1.2.2 allows up to 20 octets.
  made.serialNumber = `01${createHash('sha256').update(publicKeyPem).digest('hex').slice(0, 30)}`;
  made.validity.notBefore = notBefore;
  made.validity.notAfter = notAfter;
  made.setSubject(subject);
  made.setIssuer(issuer);
  made.setExtensions(extensions);
  return made;
}

/** Without the UTF8String tag a Chinese name becomes a certificate that Node cannot parse. */
function named(name: string): forge.pki.CertificateField[] {
  const tag = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class;
  return [
    { name: 'countryName', value: 'CN' },
    { name: 'commonName', value: name, valueTagClass: tag },
  ];
}
