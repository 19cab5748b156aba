import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  CRLNumber,
  CRLReason,
  Extension,
  Name,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from '@peculiar/asn1-x509';
import type { Certificate } from './certificate.ts';
import { REVOCATION_REASONS, type Revoked } from './crl.ts';
import { type PrivateKey, SIGNATURES, signedDer } from './keys.ts';
import { authorityKeyIdentifierFor, OID } from './profile.ts';

export interface CrlContent {
  /** Larger than in any earlier list of this issuer. */
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly Revoked[];
}

/** The same for all kinds of authority: node-forge knows no CRL, and SM2 is signed by ourselves. */
export function writeCrl(issuer: Certificate, key: PrivateKey, content: CrlContent): Uint8Array {
  const { number, thisUpdate, nextUpdate, revoked } = content;
  const tbs = new TBSCertList({
    version: Version.v2,
    signature: AsnConvert.parse(Buffer.from(SIGNATURES[key.kind], 'hex'), AlgorithmIdentifier),
    issuer: AsnConvert.parse(issuer.subject, Name),
    thisUpdate: new Time(thisUpdate),
    nextUpdate: new Time(nextUpdate),
    ...(revoked.length === 0 ? {} : { revokedCertificates: revoked.map(entryOf) }),
    crlExtensions: [
      extension(OID.authorityKeyIdentifier, authorityKeyIdentifierFor(issuer.spki)),
      extension(OID.crlNumber, AsnConvert.serialize(new CRLNumber(number))),
    ],
  });
  return signedDer(new Uint8Array(AsnConvert.serialize(tbs)), key);
}

function entryOf({ serial, at, reason }: Revoked): RevokedCertificate {
  const entry = {
    userCertificate: Uint8Array.from(Buffer.from(serial, 'hex')).buffer,
    revocationDate: new Time(at),
  };
  // RFC 5280 §5.3.1: no reason is said by saying nothing.
  if (reason === 'unspecified') return new RevokedCertificate(entry);
  const code = AsnConvert.serialize(new CRLReason(REVOCATION_REASONS[reason] as never));
  return new RevokedCertificate({ ...entry, crlEntryExtensions: [extension(OID.reasonCode, code)] });
}

function extension(extnID: string, value: ArrayBuffer | Uint8Array): Extension {
  return new Extension({ extnID, critical: false, extnValue: new OctetString(value) });
}
