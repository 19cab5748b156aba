import 'reflect-metadata';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import { rsOfDer } from '../../../src/trust/der.ts';
import {
  type Authority,
  issueLeaf,
  type LeafRequest,
  makeCrl,
  makeIntermediate,
  makeRoot,
} from '../../../src/trust/pki/authority.ts';
import { commonNameOf, levelOf, readCertificate } from '../../../src/trust/pki/certificate.ts';
import { readCrl } from '../../../src/trust/pki/crl.ts';
import { makeKeyPem, readPrivateKey } from '../../../src/trust/pki/keys.ts';
import { validatePath } from '../../../src/trust/pki/path.ts';
import { PolicyProblem } from '../../../src/trust/pki/policy.ts';
import type { HierarchyKind } from '../../../src/trust/pki/profile.ts';
import { chainOf, checkOf, type Hierarchy, makeHierarchy } from './hierarchy.ts';

const DAY = 86_400_000;
const days = (count: number, from = '2026-06-01T00:00:00Z') => {
  const notBefore = new Date(from);
  return { notBefore, notAfter: new Date(notBefore.getTime() + count * DAY) };
};
const spkiOf = (kind: Parameters<typeof makeKeyPem>[0]) => readPrivateKey(makeKeyPem(kind)).spki;

describe.each(['ec', 'rsa', 'sm2'] as const)('the %s hierarchy', (kind: HierarchyKind) => {
  let made: Hierarchy;
  beforeAll(async () => {
    made = await makeHierarchy(kind, ({ ec: 'ed25519', rsa: 'rsa', sm2: 'sm2' } as const)[kind]);
  });

  test('has certificates that Node reads, with Chinese names, the owner’s URN and a serial number of their own', () => {
    const [root, intermediate, leaf] = [made.root.certificate, made.intermediate.certificate, made.leaf].map(
      (der) => new X509Certificate(der),
    );
    expect([root?.ca, intermediate?.ca, leaf?.ca]).toEqual([true, true, false]);
    expect(leaf?.subject).toBe('C=CN\nCN=中国技术交易所');
    expect(leaf?.issuer).toBe(intermediate?.subject);
    expect(intermediate?.checkIssued(root!) && leaf?.checkIssued(intermediate)).toBe(true);
    expect(leaf?.subjectAltName).toBe('URI:urn:fed:exchange:ctex');
    expect(leaf?.checkPrivateKey(createPrivateKey(made.leafKeyPem))).toBe(true);
    expect(new Set([root, intermediate, leaf].map((certificate) => certificate?.serialNumber)).size).toBe(3);
  });

  test('is read back level by level', () => {
    const read = [made.root.certificate, made.intermediate.certificate, made.leaf].map((der) => readCertificate(der)!);
    expect(read.map(levelOf)).toEqual(['root', 'intermediate', 'leaf']);
    expect(commonNameOf(read[2]!.subject)).toBe('中国技术交易所');
    expect(new Date(read[2]!.notAfterMs).toISOString()).toBe('2026-08-30T00:00:00.000Z');
  });

  test('has revocation lists that say which, when and why', async () => {
    const entries = [
      { serial: '01', at: new Date('2026-05-01T00:00:00Z'), reason: 'unspecified' },
      { serial: '00ff', at: new Date('2026-05-02T00:00:00Z'), reason: 'keyCompromise' },
      { serial: '7f'.repeat(20), at: new Date('2050-05-02T00:00:00Z'), reason: 'privilegeWithdrawn' },
    ] as const;
    const [thisUpdate, nextUpdate] = [new Date('2026-07-01T00:00:00Z'), new Date('2026-07-02T00:00:00Z')];
    const der = await makeCrl(made.intermediate, { number: 40_000, thisUpdate, nextUpdate, revoked: entries });
    const expected = { number: 40_000, revoked: entries, thisUpdateMs: +thisUpdate, nextUpdateMs: +nextUpdate };
    expect(readCrl(der)).toMatchObject(expected);
    const foreign = new peculiar.X509Crl(der);
    expect(foreign.entries.map(({ serialNumber, reason }) => [serialNumber, reason])).toEqual([
      ['01', undefined],
      ['ff', peculiar.X509CrlReason.keyCompromise],
      ['7f'.repeat(20), peculiar.X509CrlReason.privilegeWithdrawn],
    ]);
  });

  test('refuses to sign with a key that is not the authority’s', async () => {
    const other: Authority = { ...made.intermediate, privateKeyPem: made.root.privateKeyPem };
    await expect(
      makeCrl(other, { number: 1, thisUpdate: new Date(0), nextUpdate: new Date(DAY), revoked: [] }),
    ).rejects.toThrow(PolicyProblem);
  });
});

describe('policy (certs/policy.json)', () => {
  let signing: Authority;
  let tls: Authority;
  let root: Authority;
  let good: LeafRequest;
  beforeAll(async () => {
    root = await makeRoot('ec', 'root', days(7305, '2026-01-01T00:00:00Z'));
    signing = await makeIntermediate(root, 'signing', 'signing', days(3653, '2026-01-01T00:00:00Z'));
    tls = await makeIntermediate(root, 'tls', 'tls', days(3653, '2026-01-01T00:00:00Z'));
    good = { participant: 'szse', purpose: 'signing', name: 'x', spki: spkiOf('ed25519'), validity: days(365) };
  });
  const refusal = async (made: Promise<unknown>): Promise<string> => {
    const problem = await made.then(
      () => undefined,
      (fault: unknown) => fault,
    );
    expect(problem).toBeInstanceOf(PolicyProblem);
    expect((problem as PolicyProblem).zh).toMatch(/\p{sc=Han}/u);
    return (problem as PolicyProblem).en;
  };

  test('a signing certificate holds for a year, one for TLS for 90 days, not a second longer', async () => {
    await issueLeaf(signing, good);
    const longer = { notBefore: good.validity.notBefore, notAfter: new Date(good.validity.notAfter.getTime() + 1000) };
    expect(await refusal(issueLeaf(signing, { ...good, validity: longer }))).toContain('longer than 365 days');
    const forTls: LeafRequest = { ...good, purpose: 'tls', spki: spkiOf('p256'), validity: days(90) };
    await issueLeaf(tls, forTls);
    expect(await refusal(issueLeaf(tls, { ...forTls, validity: days(91) }))).toContain('longer than 90 days');
    expect(await refusal(issueLeaf(signing, { ...good, validity: days(-1) }))).toContain('empty');
    expect(await refusal(issueLeaf(signing, { ...good, validity: days(Number.NaN) }))).toContain('empty');
  });

  test('authorities end, too, and nothing outlives its issuer', async () => {
    expect(await refusal(makeRoot('ec', 'r', days(7306)))).toContain('longer');
    expect(await refusal(makeIntermediate(root, 'tls', 'i', days(3654)))).toContain('longer');
    expect(await refusal(makeIntermediate(root, 'tls', 'i', days(10, '2025-12-31T00:00:00Z')))).toContain('issuer');
    expect(await refusal(issueLeaf(signing, { ...good, validity: days(365, '2035-12-01T00:00:00Z') }))).toContain(
      'issuer',
    );
  });

  test('a revocation list holds for 24 hours', async () => {
    const list = (hours: number) =>
      makeCrl(signing, { number: 1, thisUpdate: new Date(0), nextUpdate: new Date(hours * 3_600_000), revoked: [] });
    await list(24);
    expect(await refusal(list(24.1))).toContain('24 hours');
    expect(await refusal(list(0))).toContain('empty');
  });

  test('each branch certifies for its own use only, and TLS is in one hierarchy only', async () => {
    const forTls = { ...good, purpose: 'tls', spki: spkiOf('p256'), validity: days(90) } as const;
    expect(await refusal(issueLeaf(signing, forTls))).toContain('that use');
    expect(await refusal(issueLeaf(tls, { ...good, validity: days(90) }))).toContain('that use');
    const rsa = await makeRoot('rsa', 'r', days(100));
    expect(await refusal(makeIntermediate(rsa, 'tls', 'i', days(10)))).toContain('no TLS branch');
  });

  test('there are three levels: a root certifies no leaf, an intermediate no intermediate', async () => {
    expect(await refusal(issueLeaf(root, good))).toContain('level');
    expect(await refusal(makeIntermediate(signing, 'signing', 'i', days(10)))).toContain('level');
    const leaf = await issueLeaf(signing, good);
    expect(await refusal(issueLeaf({ ...signing, certificate: leaf }, good))).toContain('level');
    expect(await refusal(issueLeaf({ ...signing, certificate: Uint8Array.of(1, 2) }, good))).toContain('level');
  });

  test('weak keys and keys of another hierarchy are not certified', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'der', type: 'spki' });
    for (const spki of [weak, p384, spkiOf('rsa'), spkiOf('sm2'), Buffer.from('garbage')]) {
      expect(await refusal(issueLeaf(signing, { ...good, spki }))).toContain('not allowed');
    }
    const ed25519ForTls = { ...good, purpose: 'tls', validity: days(90) } as const;
    expect(await refusal(issueLeaf(tls, ed25519ForTls))).toContain('allowed: p256');
  });

  test('names keep their form', async () => {
    for (const participant of ['', 'CTEX', 'a b', 'ctex\0', 'urn:x']) {
      expect(await refusal(issueLeaf(signing, { ...good, participant }))).toContain('participant');
    }
    for (const name of ['', 'x'.repeat(65), 'a\0b', 'a\nb', '\ud800']) {
      expect(await refusal(issueLeaf(signing, { ...good, name }))).toContain('64');
    }
    expect(await refusal(issueLeaf(signing, { ...good, hosts: ['localhost'] }))).toContain('hosts');
    const forTls = { ...good, purpose: 'tls', spki: spkiOf('p256'), validity: days(90) } as const;
    for (const host of ['*.example', 'a..b', 'http://x', 'x_y', '']) {
      expect(await refusal(issueLeaf(tls, { ...forTls, hosts: [host] }))).toContain('host');
    }
  });
});

test('an ECDSA signature is DER whatever its numbers begin with', async () => {
  const root = await makeRoot('ec', 'root', days(10));
  const issuer = await makeIntermediate(root, 'signing', 'signing', days(10));
  const spki = spkiOf('p256');
  for (let round = 0; round < 40; round += 1) {
    const leaf = await issueLeaf(issuer, {
      participant: 'qiao',
      purpose: 'signing',
      name: '桥',
      spki,
      validity: days(9),
    });
    expect(rsOfDer(readCertificate(leaf)!.signature)).toBeDefined();
    expect(new X509Certificate(leaf).verify(new X509Certificate(issuer.certificate).publicKey)).toBe(true);
  }
});

test('a TLS certificate names its hosts, and Node finds them there', async () => {
  const made = await makeHierarchy('ec', 'p256', 'tls');
  const leaf = new X509Certificate(made.leaf);
  expect([leaf.checkHost('gateway.ctex.example'), leaf.checkHost('other.example')]).toEqual([
    'gateway.ctex.example',
    undefined,
  ]);
  expect([leaf.checkIP('127.0.0.1'), leaf.checkIP('::1')]).toEqual(['127.0.0.1', '::1']);
  expect(validatePath(chainOf(made), checkOf(made, { purpose: 'tls-server' })).ok).toBe(true);
});
