/** What an approved request does beside signing: certificates, revocation lists, the new version in its place. */

import { join } from 'node:path';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { authorityWith, certificateOf, renewCrl } from './ca-folder.ts';
import type { Request } from './enrolment.ts';
import { type Certifiable, certify, type OperatorDesk } from './enrolment-request.ts';
import { chainPem } from './hierarchies.ts';
import { namesIn, readStoreFile, replaceStoreFile, writeStoreFile } from './keystore-files.ts';
import { readCertificate } from './pki/certificate.ts';
import { readCsr } from './pki/csr.ts';
import { fingerprintOf, readPublicKey } from './pki/keys.ts';
import { validatePath } from './pki/path.ts';
import { dersOfPem } from './pki/pem.ts';
import type { Sm2 } from './sm2.ts';

/** The key that comes in with a request, from its own bytes. */
export function keyOf(
  request: Request & { readonly act: 'issue' },
  sm2: Sm2,
): Checked<Certifiable & { readonly fingerprint: string }> {
  if (request.use === 'tls') {
    const csr = readCsr(Buffer.from(request.csr, 'base64'), sm2);
    if (!csr.ok || csr.value.participant === request.participant) return csr;
    return refused(refuse('not-yours', '/participant', csr.value.participant));
  }
  const { record } = request;
  const spki = new Uint8Array(Buffer.from(record.spki, 'base64'));
  const kind = readPublicKey(spki, sm2)?.kind;
  if (kind === undefined) return refused(refuse('bad-format', '/spki'));
  const participant =
    'participant' in record ? record.participant : record.side === 'gateway' ? 'qiao' : record.exchange;
  const name = 'participant' in record ? record.participant : `${participant} ${record.exchange} link`;
  return accepted({ participant, name, spki, kind, hosts: [], fingerprint: fingerprintOf(spki) });
}

/** Makes what the request asks for beside the list: a certificate, or revocation lists. */
export async function carryOut(
  desk: OperatorDesk,
  request: Request,
): Promise<{ readonly name: string; readonly pem: string } | undefined> {
  if (request.act === 'issue') {
    const key = keyOf(request, desk.sm2);
    if (!key.ok) throw new Error('assertion: this request was checked before');
    const { participant, fingerprint } = key.value;
    const name = `${participant}-${request.use}-${fingerprint.slice(0, 16)}`;
    if (request.use === 'envelope') {
      const [leaf, intermediate] = (request.record.chain ?? []).map((der) => Buffer.from(der, 'base64'));
      return leaf === undefined || intermediate === undefined ? undefined : { name, pem: chainPem(leaf, intermediate) };
    }
    const { leaf, by } = await certify(desk, request.use, key.value);
    return { name, pem: chainPem(leaf, certificateOf(desk, by)) };
  }
  const revoked =
    request.act === 'revoke' ? certificatesOfKid(desk, request.kid) : certificatesWith(desk.root, request.serial);
  for (const [leaf, intermediate] of revoked) {
    const by = authorityWith(desk, intermediate);
    const serial = readCertificate(leaf)?.serial;
    if (by === undefined || serial === undefined) continue;
    await renewCrl(desk, by, desk.nowMs, [{ serial, at: new Date(desk.nowMs), reason: request.reason }]);
  }
  return undefined;
}

type Pair = readonly [leaf: Uint8Array, intermediate: Uint8Array];

/** Certificates for this key: in the list, and issued to it as a file. */
function certificatesOfKid({ list, root }: OperatorDesk, kid: string): readonly Pair[] {
  const record = list.records.find((one) => one.kid === kid);
  if (record?.chain !== undefined) {
    const [leaf, intermediate] = record.chain;
    return [[Buffer.from(leaf, 'base64'), Buffer.from(intermediate, 'base64')]];
  }
  const link = list.links.find((one) => one.kid === kid);
  const spki = link === undefined ? undefined : Buffer.from(link.spki, 'base64');
  return issuedPairs(root).filter(([leaf]) => spki?.equals(readCertificate(leaf)?.spki ?? Buffer.alloc(0)));
}

/** The certificate with that serial number, wherever it lies in the store. */
export function certificatesWith(root: string, serial: string): readonly Pair[] {
  return issuedPairs(root).filter(([leaf]) => readCertificate(leaf)?.serial === serial);
}

function issuedPairs(root: string): readonly Pair[] {
  const inFolder = (folder: string, fits: RegExp) => namesIn(folder, fits).map((name) => join(folder, name));
  const files = [
    ...inFolder(join(root, 'issued'), /\.pem$/),
    ...['participants', 'links'].flatMap((folder) =>
      namesIn(join(root, folder), /^[a-z]/).flatMap((name) =>
        inFolder(join(root, folder, name), /\.(chain|cert)\.pem$/),
      ),
    ),
  ];
  return files.flatMap((file) => {
    const [leaf, intermediate] = dersOfPem('CERTIFICATE', readStoreFile(file).toString('utf8'));
    return leaf === undefined || intermediate === undefined ? [] : [[leaf, intermediate] as const];
  });
}

/** The certificate in a list's entry is held to the same path as any verifier holds it. */
export function certificateFault(desk: OperatorDesk, request: Request) {
  if (request.act !== 'issue' || request.use !== 'envelope') return undefined;
  const { chain = [], participant, spki } = request.record;
  const [leaf = new Uint8Array(), intermediate = new Uint8Array()] = chain.map((der) => Buffer.from(der, 'base64'));
  const verdict = validatePath(
    { leaf, intermediate },
    {
      roots: desk.anchor.roots.map((der) => Buffer.from(der, 'base64')),
      crls: desk.crls,
      atMs: desk.nowMs,
      purpose: 'signing',
      participant,
      sm2: desk.sm2,
    },
  );
  if (!verdict.ok) return verdict;
  const same = Buffer.from(verdict.spki).toString('base64') === spki;
  return same ? undefined : { zh: '证书与密钥不符', en: 'the certificate is for another key' };
}

/** The version's file is the arbiter: whoever writes it first has made that version. */
export function publish(root: string, version: number, bytes: Uint8Array): boolean {
  const path = join(root, 'trust', `${version}.json`);
  try {
    writeStoreFile(path, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // The same one, where an earlier attempt was cut off before the last step.
    if (!readStoreFile(path).equals(bytes)) return false;
  }
  replaceStoreFile(join(root, 'trust.json'), bytes);
  return true;
}
