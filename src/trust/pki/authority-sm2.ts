import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  Attribute,
  Extensions,
  Name,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { TAG, writeDer } from './asn1.ts';
import type { Certifier } from './certifier.ts';
import { readPrivateKey, SIGNATURES, signedDer } from './keys.ts';
import { OID } from './profile.ts';

/**
 * SM2 authorities and requests. The library writes what is to be signed; SM2 itself is ours (with Z_A, GB/T 32918.2),
 * since neither OpenSSL's one-shot call nor any certificate library here signs with the user id.
 */
export const sm2Certifier: Certifier = {
  async certificate({ serial, issuer, subject, validity, spki, extensions }, issuerKeyPem) {
    const tbs = new TBSCertificate({
      version: Version.v3,
      serialNumber: Uint8Array.from(Buffer.from(serial, 'hex')).buffer,
      signature: AsnConvert.parse(Buffer.from(SIGNATURES.sm2, 'hex'), AlgorithmIdentifier),
      issuer: AsnConvert.parse(issuer, Name),
      validity: new Validity(validity),
      subject: AsnConvert.parse(subject, Name),
      subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
      extensions: new Extensions([...extensions]),
    });
    return signedDer(new Uint8Array(AsnConvert.serialize(tbs)), readPrivateKey(issuerKeyPem));
  },

  async request({ subject, spki, extensions }, keyPem) {
    const values = [AsnConvert.serialize(new Extensions([...extensions]))];
    const wanted = AsnConvert.serialize(new Attribute({ type: OID.extensionRequest, values })); // RFC 2985 §5.4.2
    const version = writeDer(TAG.integer, Uint8Array.of(0));
    const tbs = writeDer(TAG.sequence, version, subject, spki, writeDer(0xa0, new Uint8Array(wanted)));
    return signedDer(tbs, readPrivateKey(keyPem));
  },
};
