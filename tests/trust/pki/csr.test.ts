import fc from 'fast-check';
import forge from 'node-forge';
import type { Refusal } from '../../../src/contract/refusal.ts';
import { makeCsr, readCsr } from '../../../src/trust/pki/csr.ts';
import { fingerprintOf, type KeyKind, makeKeyPem, readPrivateKey } from '../../../src/trust/pki/keys.ts';
import { pemOf } from '../../../src/trust/pki/pem.ts';
import { PolicyProblem } from '../../../src/trust/pki/policy.ts';
import { nativeSm2 } from '../../../src/trust/sm2.ts';
import { branch, leaf, type Node, oid, resigned, treeOf } from './edit.ts';

const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };
const codesOf = (der: Uint8Array): readonly Refusal['code'][] => {
  const read = readCsr(der, nativeSm2);
  return read.ok ? [] : read.refusals.map(({ code }) => code);
};

describe.each(['ed25519', 'p256', 'rsa', 'sm2'] as const)('a request for a key of kind %s', (kind: KeyKind) => {
  const privateKeyPem = makeKeyPem(kind);
  const { spki } = readPrivateKey(privateKeyPem);
  const parts = { participant: 'ctex', name: '中国技术交易所', privateKeyPem } as const;
  let csr: Uint8Array;
  beforeAll(async () => {
    csr = await makeCsr(parts);
  });

  test('says who asks for which key, with the fingerprint to compare', () => {
    const value = { kind, name: '中国技术交易所', participant: 'ctex', hosts: [], fingerprint: fingerprintOf(spki) };
    expect(readCsr(csr, nativeSm2)).toMatchObject({ ok: true, value });
    expect(fingerprintOf(spki)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('signed with another key is refused: the sender does not hold the one it brings', () => {
    expect(codesOf(resigned(csr, makeKeyPem(kind), () => {}))).toEqual(['bad-signature']);
  });

  test('with the key of somebody else put in is refused', () => {
    const stolen = readPrivateKey(makeKeyPem(kind)).spki;
    const changed = resigned(csr, privateKeyPem, (tbs) => {
      tbs[2] = treeOf(stolen);
    });
    expect(codesOf(changed)).toEqual(['bad-signature']);
  });

  test('with one byte changed is refused', () => {
    fc.assert(
      fc.property(fc.nat(csr.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(csr);
        changed[at]! ^= flip;
        expect(codesOf(changed)).toHaveLength(1);
      }),
      { numRuns: 300, ...seed },
    );
  });

  test.each<[string, (tbs: Node[]) => void]>([
    ['no attribute', (tbs) => void (tbs[3]!.value as Node[]).pop()],
    [
      'a challenge password',
      (tbs) =>
        void (tbs[3]!.value as Node[]).push(branch(0x30, oid('1.2.840.113549.1.9.7'), branch(0x31, leaf(0x0c, 'x')))),
    ],
    ['version 2', (tbs) => void tbs.splice(0, 1, leaf(2, '\x01'))],
    ['no name', (tbs) => void tbs.splice(1, 1, branch(0x30))],
  ])('with %s is not of the form', (_, edit) => {
    expect(codesOf(resigned(csr, privateKeyPem, edit))).toEqual(['bad-format']);
  });
});

test('a request for TLS carries its hosts', async () => {
  const hosts = ['localhost', '127.0.0.1', '::1'];
  const csr = await makeCsr({ participant: 'stex', name: 'stex', privateKeyPem: makeKeyPem('p256'), hosts });
  const read = readCsr(csr, nativeSm2);
  expect(read.ok && read.value.hosts).toEqual(['localhost', '127.0.0.1', '0000:0000:0000:0000:0000:0000:0000:0001']);
});

test('an RSA request is understood by node-forge, and one that node-forge made by us', async () => {
  const privateKeyPem = makeKeyPem('rsa');
  const ours = await makeCsr({ participant: 'ctex', name: '中技所', privateKeyPem });
  const foreign = forge.pki.certificationRequestFromPem(pemOf('CERTIFICATE REQUEST', ours));
  expect(foreign.verify()).toBe(true);

  const key = forge.pki.privateKeyFromPem(privateKeyPem);
  const made = forge.pki.createCertificationRequest();
  made.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  made.setSubject([{ name: 'commonName', value: 'ctex' }]);
  const altNames = [{ type: 6, value: 'urn:fed:exchange:ctex' }];
  made.setAttributes([{ name: 'extensionRequest', extensions: [{ name: 'subjectAltName', altNames }] } as never]);
  made.sign(key, forge.md.sha256.create());
  const der = Buffer.from(forge.asn1.toDer(forge.pki.certificationRequestToAsn1(made)).getBytes(), 'latin1');
  expect(readCsr(der, nativeSm2)).toMatchObject({
    ok: true,
    value: { kind: 'rsa', participant: 'ctex', name: 'ctex' },
  });
  made.sign(key, forge.md.sha1.create());
  const sha1 = Buffer.from(forge.asn1.toDer(forge.pki.certificationRequestToAsn1(made)).getBytes(), 'latin1');
  expect(codesOf(sha1)).toEqual(['bad-format']);
});

test('names outside the policy are not asked for', async () => {
  const privateKeyPem = makeKeyPem('p256');
  await expect(makeCsr({ participant: 'CTEX', name: 'x', privateKeyPem })).rejects.toThrow(PolicyProblem);
  await expect(makeCsr({ participant: 'ctex', name: '', privateKeyPem })).rejects.toThrow(PolicyProblem);
});

test('what is no request is refused, never thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(codesOf(bytes)).toEqual(['bad-format']);
    }),
    { numRuns: 500, ...seed },
  );
});
