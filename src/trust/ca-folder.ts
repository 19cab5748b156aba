/** Authorities as they lie in a key store: `ca/<name>.cert.pem` and `.key.pem`, `crl/<name>.crl.pem`; roots' keys elsewhere. */

import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AuthorityName, crlPem, intermediateNames, kindOf, rootNames } from './hierarchies.ts';
import { INIT, KeyProblem, readKeyFile, readStoreFile, replaceStoreFile } from './keystore-files.ts';
import type { Authority } from './pki/authority.ts';
import { readCertificate } from './pki/certificate.ts';
import { type Revoked, readCrl } from './pki/crl.ts';
import { dersOfPem } from './pki/pem.ts';
import { crlValidityMs } from './pki/policy.ts';

export interface CaFolder {
  /** The key store. */
  readonly root: string;
  readonly demo: boolean;
  /** Where the roots' keys are, while they are at hand. */
  readonly offline: string | undefined;
  /** Opens keys of intermediates; `offlinePassphrase` those of roots. */
  readonly passphrase: string | undefined;
  readonly offlinePassphrase: string | undefined;
}

/** The authority that issued from this certificate; undefined when it is none of ours. */
export function authorityWith(folder: CaFolder, certificate: Uint8Array): AuthorityName | undefined {
  return intermediateNames.find((name) => Buffer.from(certificateOf(folder, name)).equals(certificate));
}

export function certificateOf({ root }: CaFolder, name: AuthorityName): Uint8Array {
  const path = join(root, 'ca', `${name}.cert.pem`);
  const [der] = dersOfPem('CERTIFICATE', readStoreFile(path).toString('utf8'));
  if (der === undefined) throw new KeyProblem(path, '证书无法读取', 'This certificate cannot be read', INIT);
  return der;
}

/** With its key. @throws KeyProblem when the key is not at hand or its passphrase is wrong */
export function openAuthority(folder: CaFolder, name: AuthorityName): Authority {
  const path = keyPathOf(folder, name);
  const isRoot = rootNames.includes(name);
  const passphrase = isRoot ? folder.offlinePassphrase : folder.passphrase;
  const pem = readKeyFile(path);
  try {
    const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
    return {
      kind: kindOf(name),
      certificate: certificateOf(folder, name),
      privateKeyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      demo: folder.demo,
    };
  } catch (cause) {
    if (cause instanceof KeyProblem) throw cause;
    const variable = isRoot ? 'QIAO_OFFLINE_PASSPHRASE_FILE' : 'QIAO_KEYS_PASSPHRASE_FILE';
    throw new KeyProblem(
      path,
      '密钥无法打开，口令不符？',
      'This key cannot be opened: wrong passphrase?',
      variable,
      cause,
    );
  }
}

/** Makes the authority's list anew: everything revoked before, and what is revoked now. Takes the place of the old file. */
export async function renewCrl(
  folder: CaFolder,
  name: AuthorityName,
  nowMs: number,
  more: readonly Revoked[] = [],
): Promise<void> {
  const path = crlPathOf(folder, name);
  const before = readCrlFile(path);
  const known = new Set(before.revoked.map(({ serial }) => serial));
  const revoked = [...before.revoked, ...more.filter(({ serial }) => !known.has(serial))];
  const thisUpdate = new Date(Math.floor(nowMs / 1000) * 1000);
  const lastsMs = crlValidityMs(rootNames.includes(name) ? 'root' : 'intermediate', folder.demo);
  const nextUpdate = new Date(Math.min(thisUpdate.getTime() + lastsMs, endOf(folder, name)));
  const pem = await crlPem(openAuthority(folder, name), before.number + 1, thisUpdate, nextUpdate, revoked);
  replaceStoreFile(path, pem);
}

/** Authorities whose keys are at hand. */
export function authoritiesAtHand(folder: CaFolder): readonly AuthorityName[] {
  return [...rootNames, ...intermediateNames].filter((name) => existsSync(keyPathOf(folder, name)));
}

export function crlPathOf({ root }: CaFolder, name: AuthorityName): string {
  return join(root, 'crl', `${name}.crl.pem`);
}

function keyPathOf({ root, offline }: CaFolder, name: AuthorityName): string {
  const isRoot = rootNames.includes(name);
  return join(isRoot ? (offline ?? join(root, 'offline')) : join(root, 'ca'), `${name}.key.pem`);
}

function readCrlFile(path: string) {
  const [der] = dersOfPem('X509 CRL', readStoreFile(path).toString('utf8'));
  const crl = der === undefined ? undefined : readCrl(der);
  if (crl === undefined) throw new KeyProblem(path, '吊销列表无法读取', 'This revocation list cannot be read', INIT);
  return crl;
}

function endOf(folder: CaFolder, name: AuthorityName): number {
  return readCertificate(certificateOf(folder, name))?.notAfterMs ?? Number.POSITIVE_INFINITY;
}
