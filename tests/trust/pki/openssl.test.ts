import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCrl } from '../../../src/trust/pki/crl.ts';
import { makeCsr, readCsr } from '../../../src/trust/pki/csr.ts';
import { type KeyKind, makeKeyPem } from '../../../src/trust/pki/keys.ts';
import { type Chain, type PathCheck, validatePath } from '../../../src/trust/pki/path.ts';
import { dersOfPem } from '../../../src/trust/pki/pem.ts';
import type { HierarchyKind } from '../../../src/trust/pki/profile.ts';
import { nativeSm2 } from '../../../src/trust/sm2.ts';
import { DEFECTS } from './defects.ts';
import { AT, chainOf, checkOf, crlOf, type Hierarchy, makeHierarchy, spoilt } from './hierarchy.ts';
import { Desk, openssl, withOpenssl } from './openssl.ts';

const SM2_ID = ['-vfyopt', 'distid:1234567812345678'];
let desk: Desk;
beforeAll(() => {
  desk = new Desk();
});
afterAll(() => desk.close());

/** What `openssl verify` says of the same path, with the same roots, lists and instant. */
function verdictOf({ leaf, intermediate }: Chain, { roots, crls, atMs }: PathCheck, ...more: string[]): boolean {
  const said = openssl(
    ...['verify', '-x509_strict', '-crl_check_all', '-attime', String(Math.floor(atMs / 1000)), ...more],
    ...['-CAfile', desk.pem('roots.pem', 'CERTIFICATE', ...roots)],
    ...['-untrusted', desk.pem('intermediate.pem', 'CERTIFICATE', intermediate)],
    ...['-CRLfile', desk.pem('crls.pem', 'X509 CRL', ...crls)],
    desk.pem('leaf.pem', 'CERTIFICATE', leaf),
  );
  return said.ok;
}

describe.each([
  ['ec', 'ed25519'],
  ['ec', 'p256'],
  ['rsa', 'rsa'],
] as const satisfies (readonly [HierarchyKind, KeyKind])[])(
  'OpenSSL, of a path of the %s hierarchy to %s',
  (kind, key) => {
    let good: Hierarchy;
    beforeAll(async () => {
      good = await makeHierarchy(kind, key);
    });

    withOpenssl('accepts it, and refuses it once the leaf or the intermediate is revoked', async () => {
      expect(verdictOf(chainOf(good), checkOf(good))).toBe(true);
      const byIntermediate = [good.rootCrl, await crlOf(good.intermediate, good.leaf)];
      expect(verdictOf(chainOf(good), checkOf(good, { crls: byIntermediate }))).toBe(false);
      const byRoot = [await crlOf(good.root, good.intermediate.certificate), good.leafCrl];
      expect(verdictOf(chainOf(good), checkOf(good, { crls: byRoot }))).toBe(false);
    });

    if (key !== 'p256') return;
    withOpenssl.each(DEFECTS.filter(({ passesOpenssl }) => passesOpenssl !== true))(
      'refuses it, too, when the $target $what',
      ({ target, edit }) => {
        const { chain, check } = spoilt(good, target, edit);
        expect(verdictOf(chain, check)).toBe(false);
      },
    );

    withOpenssl.each([
      '2026-06-30T23:59:59Z',
      '2026-07-01T00:00:01Z',
      '2026-07-01T23:59:59Z',
      '2026-07-02T00:00:01Z',
      '2031-01-01T00:00:01Z',
    ])('agrees at %s', (at) => {
      const check = checkOf(good, { atMs: Date.parse(at) });
      expect(verdictOf(chainOf(good), check)).toBe(validatePath(chainOf(good), check).ok);
    });
  },
);

describe('OpenSSL, of SM2 with the user id of the standard', () => {
  let good: Hierarchy;
  beforeAll(async () => {
    good = await makeHierarchy('sm2', 'sm2');
  });

  // -vfyopt reaches the first certificate only, and no CRL at all, so each signature is put to it by itself.
  withOpenssl('verifies the leaf and the intermediate, and neither with an empty user id', () => {
    const files = (['root', 'intermediate'] as const).map((name) =>
      desk.pem(`sm2-${name}.pem`, 'CERTIFICATE', good[name].certificate),
    );
    const [root = '', intermediate = ''] = files;
    const leaf = desk.pem('sm2-leaf.pem', 'CERTIFICATE', good.leaf);
    const verify = ['verify', '-x509_strict', '-attime', String(AT.getTime() / 1000), '-partial_chain'];
    for (const [issuer, subject] of [
      [intermediate, leaf],
      [root, intermediate],
    ] as const) {
      expect(openssl(...verify, ...SM2_ID, '-CAfile', issuer, subject)).toMatchObject({ ok: true });
      expect(openssl(...verify, '-CAfile', issuer, subject).ok).toBe(false);
    }
  });

  withOpenssl('verifies the revocation list, and reads what it says', async () => {
    const list = await crlOf(good.intermediate, good.leaf);
    const { tbs, signature, revoked } = readCrl(list)!;
    const publicKey = createPublicKey(good.intermediate.privateKeyPem).export({ format: 'pem', type: 'spki' });
    const verify = ['pkeyutl', '-verify', '-pubin', '-inkey', desk.file('sm2.pub.pem', publicKey), '-rawin'];
    const sm3 = ['-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'];
    const given = ['-in', desk.file('sm2.tbs', tbs), '-sigfile', desk.file('sm2.sig', signature)];
    expect(openssl(...verify, ...sm3, ...given)).toMatchObject({ ok: true });
    const { said } = openssl('crl', '-in', desk.pem('sm2.crl.pem', 'X509 CRL', list), '-noout', '-text');
    expect(said).toContain(`Serial Number: ${revoked[0]?.serial.toUpperCase()}`);
    expect(said).toMatch(/CRL Number: \n\s+7\n/);
    expect(said).toContain('Key Compromise');
  });
});

describe('OpenSSL, of certification requests', () => {
  withOpenssl.each(['ed25519', 'p256', 'rsa', 'sm2'] as const)('verifies one for a key of kind %s', async (kind) => {
    const csr = await makeCsr({ participant: 'stex', name: '上海技术交易所', privateKeyPem: makeKeyPem(kind) });
    const file = desk.pem(`${kind}.csr.pem`, 'CERTIFICATE REQUEST', csr);
    const { ok, said } = openssl(
      'req',
      '-in',
      file,
      '-verify',
      '-noout',
      '-text',
      '-nameopt',
      'utf8',
      ...(kind === 'sm2' ? SM2_ID : []),
    );
    expect(said).toContain('self-signature verify OK');
    expect(ok).toBe(true);
    expect(said).toContain('URI:urn:fed:exchange:stex');
    expect(said).toContain('上海技术交易所');
  });

  withOpenssl.each([
    ['rsa', ['-newkey', 'rsa:2048']],
    ['p256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ed25519', ['-newkey', 'ed25519']],
    ['sm2', ['-newkey', 'sm2', '-sm3', '-sigopt', 'distid:1234567812345678']],
  ] as const)('makes one for a key of kind %s that we can read', (kind, how) => {
    const out = join(desk.folder, `${kind}.made.pem`);
    const made = openssl(
      ...['req', '-new', '-nodes', '-keyout', join(desk.folder, `${kind}.made.key`), '-out', out, ...how],
      ...['-subj', '/C=CN/CN=shenzhen', '-addext', 'subjectAltName=URI:urn:fed:exchange:szse'],
    );
    expect(made).toMatchObject({ ok: true });
    const [der = new Uint8Array()] = dersOfPem('CERTIFICATE REQUEST', readFileSync(out, 'utf8'));
    const read = readCsr(der, nativeSm2);
    expect(read).toMatchObject({ ok: true, value: { kind, participant: 'szse', name: 'shenzhen' } });
  });
});
