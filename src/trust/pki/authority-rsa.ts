import { AsnConvert } from '@peculiar/asn1-schema';
import { Extensions } from '@peculiar/asn1-x509';
import forge from 'node-forge';
import type { Certifier } from './certifier.ts';
import { readPrivateKey } from './keys.ts';
import { OID } from './profile.ts';

/** What forge has and its types leave out. */
interface Unsigned {
  signatureOid: string;
  signature: string;
  siginfo: { algorithmOid: string };
  tbsCertificate?: forge.asn1.Asn1;
  certificationRequestInfo?: forge.asn1.Asn1;
}
interface Untyped {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
  getCertificationRequestInfo(request: forge.pki.CertificateSigningRequest): forge.asn1.Asn1;
}

const { asn1 } = forge;
const pki = forge.pki as typeof forge.pki & Untyped;
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';

/**
 * RSA authorities and requests by node-forge, which writes what is to be signed; `node:crypto` signs it (a hundred times
 * faster, and the key never becomes a JavaScript number). Names are put in as they are: forge would encode Chinese again.
 */
export const rsaCertifier: Certifier = {
  async certificate({ serial, issuer, subject, validity, spki, extensions }, issuerKeyPem) {
    const made = pki.createCertificate() as forge.pki.Certificate & Unsigned;
    made.serialNumber = serial;
    made.validity = { notBefore: validity.notBefore, notAfter: validity.notAfter };
    made.publicKey = pki.publicKeyFromAsn1(read(spki));
    made.setExtensions(
      extensions.map(({ extnID, critical, extnValue }) => ({ id: extnID, critical, value: binary(extnValue.buffer) })),
    );
    made.signatureOid = SHA256_WITH_RSA;
    made.siginfo.algorithmOid = SHA256_WITH_RSA;
    const tbs = pki.getTBSCertificate(made);
    const fields = tbs.value as forge.asn1.Asn1[];
    fields[3] = read(issuer); // RFC 5280 §4.1: version, serial, signature, issuer, validity, subject …
    fields[5] = read(subject);
    made.tbsCertificate = tbs;
    made.signature = binary(readPrivateKey(issuerKeyPem).sign(derOf(tbs)));
    return derOf(pki.certificateToAsn1(made));
  },

  async request({ subject, spki, extensions }, keyPem) {
    const made = pki.createCertificationRequest() as forge.pki.CertificateSigningRequest & Unsigned;
    made.publicKey = pki.publicKeyFromAsn1(read(spki));
    made.setAttributes([
      {
        type: OID.extensionRequest,
        valueTagClass: asn1.Type.SEQUENCE as unknown as forge.asn1.Class,
        valueConstructed: true,
        value: read(new Uint8Array(AsnConvert.serialize(new Extensions([...extensions])))).value as never,
      } as forge.pki.CertificateField,
    ]);
    made.signatureOid = SHA256_WITH_RSA;
    made.siginfo.algorithmOid = SHA256_WITH_RSA;
    const tbs = pki.getCertificationRequestInfo(made);
    (tbs.value as forge.asn1.Asn1[])[1] = read(subject);
    made.certificationRequestInfo = tbs;
    made.signature = binary(readPrivateKey(keyPem).sign(derOf(tbs)));
    return derOf(pki.certificationRequestToAsn1(made));
  },
};

function read(der: Uint8Array): forge.asn1.Asn1 {
  return asn1.fromDer(binary(der));
}

function derOf(element: forge.asn1.Asn1): Uint8Array {
  return new Uint8Array(Buffer.from(asn1.toDer(element).getBytes(), 'latin1'));
}

/** forge's strings hold one octet per character. */
function binary(bytes: ArrayBuffer | Uint8Array): string {
  return Buffer.from(bytes as Uint8Array).toString('latin1');
}
