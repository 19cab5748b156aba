import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { makeKeyPem } from '../../../src/trust/pki/keys.ts';
import { makePkcs12, readPkcs12 } from '../../../src/trust/pki/pkcs12.ts';
import { chainOf, type Hierarchy, makeHierarchy } from './hierarchy.ts';
import { Desk, openssl, withOpenssl } from './openssl.ts';

const PASSWORD = 'open, sesame';
let rsa: Hierarchy;
let made: Uint8Array;
let desk: Desk;
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');
const pkcs8 = (pem: string) => hex(createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' }));

beforeAll(async () => {
  desk = new Desk();
  rsa = await makeHierarchy('rsa', 'rsa');
  const { leaf, intermediate } = chainOf(rsa);
  made = makePkcs12({ privateKeyPem: rsa.leafKeyPem, chain: [leaf, intermediate] }, PASSWORD, 'ctex');
});
afterAll(() => desk.close());

test('what we write we read, the key’s own certificate first and every byte as it was', () => {
  const read = readPkcs12(made, PASSWORD);
  expect(read.ok && pkcs8(read.value.privateKeyPem)).toBe(pkcs8(rsa.leafKeyPem));
  expect(read.ok && read.value.chain.map(hex)).toEqual([hex(rsa.leaf), hex(rsa.intermediate.certificate)]);
});

test('a wrong password is refused', () => {
  for (const password of ['', 'open', `${PASSWORD} `]) {
    expect(readPkcs12(made, password)).toMatchObject({ ok: false, refusals: [{ code: 'bad-format' }] });
  }
});

test('a changed or broken file is refused, never thrown', () => {
  const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };
  fc.assert(
    fc.property(fc.nat(made.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(made);
      changed[at]! ^= flip;
      const read = readPkcs12(changed, PASSWORD);
      // A name in clear may change; the key and its certificates may not.
      if (read.ok)
        expect([pkcs8(read.value.privateKeyPem), hex(read.value.chain[0])]).toEqual([
          pkcs8(rsa.leafKeyPem),
          hex(rsa.leaf),
        ]);
    }),
    { numRuns: 25, ...seed },
  );
  expect(readPkcs12(new Uint8Array(100_000), PASSWORD)).toMatchObject({ ok: false, refusals: [{ code: 'too-large' }] });
});

test('TLS in Node opens it, and not with a wrong password', () => {
  expect(() => createSecureContext({ pfx: Buffer.from(made), passphrase: PASSWORD })).not.toThrow();
  expect(() => createSecureContext({ pfx: Buffer.from(made), passphrase: 'wrong' })).toThrow();
});

test('only RSA keys are written, under passwords that every program encodes alike', () => {
  expect(() => makePkcs12({ privateKeyPem: makeKeyPem('p256'), chain: [] }, PASSWORD, 'x')).toThrow(TypeError);
  for (const password of ['', '芝麻开门', 'a\0b']) {
    expect(() => makePkcs12({ privateKeyPem: rsa.leafKeyPem, chain: [rsa.leaf] }, password, 'x')).toThrow(TypeError);
  }
});

withOpenssl('OpenSSL opens what we write', () => {
  const file = desk.file('made.p12', made);
  const { ok, said } = openssl('pkcs12', '-in', file, '-passin', `pass:${PASSWORD}`, '-nodes');
  expect(ok).toBe(true);
  expect(said).toContain('friendlyName: ctex');
  expect(said.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(said).toContain('BEGIN PRIVATE KEY');
});

withOpenssl.each(['rsa', 'p256', 'sm2'] as const)('we open what OpenSSL writes for a key of kind %s', async (kind) => {
  const one = kind === 'rsa' ? rsa : await makeHierarchy(kind === 'p256' ? 'ec' : 'sm2', kind);
  const out = join(desk.folder, `${kind}.p12`);
  const given = [
    '-inkey',
    desk.file(`${kind}.key`, one.leafKeyPem),
    '-in',
    desk.pem(`${kind}.pem`, 'CERTIFICATE', one.leaf),
  ];
  const chain = ['-certfile', desk.pem(`${kind}.ca.pem`, 'CERTIFICATE', one.intermediate.certificate)];
  expect(openssl('pkcs12', '-export', '-out', out, ...given, ...chain, '-passout', 'pass:x')).toMatchObject({
    ok: true,
  });
  const read = readPkcs12(readFileSync(out), 'x');
  expect(read.ok && read.value.chain.map(hex)).toEqual([hex(one.leaf), hex(one.intermediate.certificate)]);
  expect(read.ok && new X509Certificate(one.leaf).checkPrivateKey(createPrivateKey(read.value.privateKeyPem))).toBe(
    true,
  );
});
