import 'reflect-metadata'; // @peculiar/x509 throws without it
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import type { Extension } from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';
import type { Certifier } from './certifier.ts';

/** P-256 authorities, and requests for P-256 and Ed25519 keys, by @peculiar/x509 on WebCrypto. */
export const ecCertifier: Certifier = {
  async certificate({ serial, issuer, subject, validity, spki, extensions }, issuerKeyPem) {
    const { privateKey } = await importPair(issuerKeyPem);
    const made = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serial,
        issuer: new x509.Name(issuer),
        subject: new x509.Name(subject),
        notBefore: validity.notBefore,
        notAfter: validity.notAfter,
        publicKey: spki,
        signingKey: privateKey,
        signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
        extensions: extensions.map(wrapped),
      },
      webcrypto,
    );
    return new Uint8Array(made.rawData);
  },

  async request({ subject, extensions }, keyPem) {
    const keys = await importPair(keyPem);
    const made = await x509.Pkcs10CertificateRequestGenerator.create(
      {
        name: new x509.Name(subject),
        keys,
        signingAlgorithm: { ...keys.privateKey.algorithm, hash: 'SHA-256' },
        extensions: extensions.map(wrapped),
      },
      webcrypto,
    );
    return new Uint8Array(made.rawData);
  },
};

function wrapped(extension: Extension): x509.Extension {
  return new x509.Extension(AsnConvert.serialize(extension));
}

async function importPair(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(pem);
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const algorithm = key.asymmetricKeyType === 'ed25519' ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256' };
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}
