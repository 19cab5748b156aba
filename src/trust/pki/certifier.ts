import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AttributeTypeAndValue,
  AttributeValue,
  type Extension,
  Name,
  RelativeDistinguishedName,
} from '@peculiar/asn1-x509';
import type { Validity } from './policy.ts';
import { OID } from './profile.ts';

/** Everything a certificate says, before it is signed. */
export interface CertificateParts {
  /** Hex, positive. */
  readonly serial: string;
  /** Names as DER: the issuer's is copied byte for byte from the issuer's own certificate. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly validity: Validity;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** Everything a certification request (PKCS #10) says, before it is signed by the key it is for. */
export interface RequestParts {
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** One library's way of writing and signing both; DER. The key is PKCS#8 PEM. */
export interface Certifier {
  certificate(parts: CertificateParts, issuerKeyPem: string): Promise<Uint8Array>;
  request(parts: RequestParts, keyPem: string): Promise<Uint8Array>;
}

const COUNTRY = '2.5.4.6';

/** C=CN, CN=name in UTF-8: as an X.501 Name, DER. */
export function nameOf(commonName: string): Uint8Array {
  const country = new AttributeTypeAndValue({ type: COUNTRY, value: new AttributeValue({ printableString: 'CN' }) });
  const common = new AttributeTypeAndValue({
    type: OID.commonName,
    value: new AttributeValue({ utf8String: commonName }),
  });
  const rdns = [country, common].map((attribute) => new RelativeDistinguishedName([attribute]));
  return new Uint8Array(AsnConvert.serialize(new Name(rdns)));
}
