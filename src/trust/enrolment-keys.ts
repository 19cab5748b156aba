/**
 * The holder's side: a key is made where it will be used and never leaves; what goes out is a request that proves
 * possession, and a fingerprint to read out over another channel.
 *
 *     requests/<participant>-<use>-<fingerprint>.key.pem, .csr.pem   until the certificate is there
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { encrypted } from './ceremony.ts';
import { namesIn, readKeyFile, readStoreFile, replaceStoreFile, writeStoreFile } from './keystore-files.ts';
import { readCertificate } from './pki/certificate.ts';
import { makeCsr } from './pki/csr.ts';
import { fingerprintOf, type KeyKind, makeKeyPem, readPrivateKey } from './pki/keys.ts';
import { dersOfPem, pemOf } from './pki/pem.ts';
import { PolicyProblem } from './pki/policy.ts';

export type HeldUse = 'envelope' | 'envelope-sm2' | 'envelope-es256' | 'link' | 'tls';

export interface Enrolling {
  readonly root: string;
  readonly participant: string;
  readonly use: HeldUse;
  readonly kind: KeyKind;
  /** Common name, any script. */
  readonly name: string;
  readonly hosts: readonly string[];
  /** Links of the gateway: whose protocol. */
  readonly exchange?: string | undefined;
  readonly passphrase: string | undefined;
  /** A key that is there already, PKCS#8 PEM; a new one is made without it. */
  readonly privateKeyPem?: string | undefined;
}

export interface Enrolled {
  readonly csr: Uint8Array;
  readonly csrFile: string;
  /** SHA-256 of the public key, hex. */
  readonly fingerprint: string;
}

/** @throws PolicyProblem for names outside the policy */
export async function enrol(enrolling: Enrolling): Promise<Enrolled> {
  const { root, participant, use, kind, name, hosts, exchange, passphrase } = enrolling;
  const pem = enrolling.privateKeyPem ?? makeKeyPem(kind);
  if (readPrivateKey(pem).kind !== kind) throw new PolicyProblem(`密钥须为 ${kind}`, `the key must be ${kind}`);
  const csr = await makeCsr({ participant, name, privateKeyPem: pem, hosts });
  const fingerprint = fingerprintOf(createPublicKey(createPrivateKey(pem)).export({ format: 'der', type: 'spki' }));
  const place = [participant, use, ...(exchange === undefined ? [] : [exchange]), fingerprint.slice(0, 16)].join('.');
  const csrFile = join(root, 'requests', `${place}.csr.pem`);
  writeStoreFile(
    join(root, 'requests', `${place}.key.pem`),
    passphrase === undefined ? pem : encrypted(pem, passphrase),
  );
  writeStoreFile(csrFile, pemOf('CERTIFICATE REQUEST', csr));
  return { csr, csrFile, fingerprint };
}

/**
 * Puts a key that waited for this certificate in its place. An envelope or link key begins when the trust list says so; a
 * TLS key takes the place of the one before at once.
 * @returns where the key lies now
 */
export function install(root: string, chain: string, passphrase: string | undefined): Checked<string> {
  const [leaf] = dersOfPem('CERTIFICATE', chain);
  const spki = leaf === undefined ? undefined : readCertificate(leaf)?.spki;
  if (spki === undefined) return refused(refuse('bad-format', '', 'CERTIFICATE'));
  const waiting = namesIn(join(root, 'requests'), /\.key\.pem$/).find((name) => {
    const pem = readKeyFile(join(root, 'requests', name));
    const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
    return createPublicKey(key).export({ format: 'der', type: 'spki' }).equals(spki);
  });
  if (waiting === undefined)
    return refused(refuse('reference-unknown', '', `requests/… ${fingerprintOf(spki).slice(0, 16)}`));
  const [participant = '', use = '', ...rest] = waiting.split('.');
  const from = join(root, 'requests', waiting);
  const tag = fingerprintOf(spki).slice(0, 16);
  if (use === 'tls') {
    const folder = join(root, 'participants', participant);
    replaceStoreFile(join(folder, 'tls.key.pem'), readStoreFile(from));
    replaceStoreFile(join(folder, 'tls.chain.pem'), chain);
    return accepted(join(folder, 'tls.key.pem'));
  }
  const exchange = rest[0] === tag ? participant : rest[0];
  const [folder, name] =
    use === 'link'
      ? participant === 'qiao'
        ? [join(root, 'links', String(exchange)), 'gateway']
        : [join(root, 'mocks', participant), 'exchange']
      : [join(root, 'participants', participant), use];
  replaceStoreFile(join(folder, `${name}.${tag}.cert.pem`), chain);
  const to = join(folder, `${name}.${tag}.key.pem`);
  renameSync(from, to);
  return accepted(to);
}
