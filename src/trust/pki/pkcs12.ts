/**
 * PKCS #12 (RFC 7292), the one file in which keys and certificates change hands, by node-forge. A transport format, not
 * storage: its MAC is SHA-1 with few rounds. Every kind of key is read; written are RSA keys only, which is what forge can.
 */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { accepted, type Checked, refuse, refused } from '../../contract/refusal.ts';
import { pemOf } from './pem.ts';

const { asn1, pki } = forge;

export interface Bundle {
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  /** DER, the key's own certificate first. */
  readonly chain: readonly Uint8Array[];
}

const MAX_PKCS12_BYTES = 65_536;
const ASCII = /^[ -~]{1,256}$/;

/**
 * @param password ASCII: forge encodes other characters in a way that OpenSSL does not
 * @param name friendly name, ASCII
 * @returns DER, AES-256. @throws TypeError unless the key is RSA and both texts are ASCII
 */
export function makePkcs12({ privateKeyPem, chain }: Bundle, password: string, name: string): Uint8Array {
  if (createPrivateKey(privateKeyPem).asymmetricKeyType !== 'rsa') throw new TypeError('only RSA keys can be written');
  if (!ASCII.test(password) || !ASCII.test(name)) throw new TypeError('password and name must be printable ASCII');
  const key = pki.privateKeyFromPem(privateKeyPem);
  const certificates = chain.map((der) => pki.certificateFromPem(pemOf('CERTIFICATE', der)));
  const options = { algorithm: 'aes256', friendlyName: name } as const;
  const made = forge.pkcs12.toPkcs12Asn1(key, certificates, password, options);
  return new Uint8Array(Buffer.from(asn1.toDer(made).getBytes(), 'latin1'));
}

/** Refused when the password is wrong, the file is none, or it does not hold one key and that key's certificate. */
export function readPkcs12(der: Uint8Array, password: string): Checked<Bundle> {
  if (der.length > MAX_PKCS12_BYTES) return refused(refuse('too-large', '', 'PKCS #12'));
  const bags = openBags(der, password);
  if (bags === undefined) return refused(refuse('bad-format', '', 'PKCS #12'));
  const keys = bags.flatMap(({ type, key, asn1: other }) => {
    if (type !== pki.oids.keyBag && type !== pki.oids.pkcs8ShroudedKeyBag) return [];
    return [key == null ? other : pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key))];
  });
  const certificates = bags.flatMap(({ type, cert, asn1: other }) => {
    if (type !== pki.oids.certBag) return [];
    return [derOf(cert == null ? other : pki.certificateToAsn1(cert))];
  });
  const [pkcs8] = keys;
  if (keys.length !== 1 || pkcs8 === undefined) return refused(refuse('bad-format', '', 'PKCS #12: 1 key'));
  try {
    const key = createPrivateKey({ key: Buffer.from(derOf(pkcs8)), format: 'der', type: 'pkcs8' });
    const own = certificates.find((certificate) => new X509Certificate(certificate).checkPrivateKey(key));
    if (own === undefined) return refused(refuse('bad-format', '', 'PKCS #12: certificate'));
    const chain = [own, ...certificates.filter((certificate) => certificate !== own)];
    return accepted({ privateKeyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(), chain });
  } catch {
    return refused(refuse('bad-format', '', 'PKCS #12: key'));
  }
}

/** forge throws for whatever it cannot open, the wrong password included; its messages are not for users. */
function openBags(der: Uint8Array, password: string): readonly forge.pkcs12.Bag[] | undefined {
  try {
    const pfx = forge.pkcs12.pkcs12FromAsn1(asn1.fromDer(Buffer.from(der).toString('latin1')), true, password);
    return pfx.safeContents.flatMap(({ safeBags }) => safeBags);
  } catch {
    return undefined;
  }
}

function derOf(element: forge.asn1.Asn1): Uint8Array {
  return new Uint8Array(Buffer.from(asn1.toDer(element).getBytes(), 'latin1'));
}
