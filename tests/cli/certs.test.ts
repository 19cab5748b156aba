import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeyStore } from '../../src/trust/keystore.ts';
import { readCrl } from '../../src/trust/pki/crl.ts';
import { validatePath } from '../../src/trust/pki/path.ts';
import { dersOfPem } from '../../src/trust/pki/pem.ts';
import { qiao, type Ran } from './command-line.ts';

const base = mkdtempSync(join(tmpdir(), 'qiao-certs-'));
const store = join(base, 'store');
const offline = join(base, 'offline');
/** The exchange's own machine. */
const ctex = join(base, 'ctex');
const env: Record<string, string> = {};
for (const name of ['KEYS', 'OFFLINE', 'OPERATOR_ALICE', 'OPERATOR_BOB', 'OPERATOR_CAROL']) {
  const file = join(base, name);
  writeFileSync(file, `passphrase of ${name}\n`);
  env[`QIAO_${name}_PASSPHRASE_FILE`] = file;
}
afterAll(() => rmSync(base, { recursive: true, force: true }));

const certs = (line: string, at?: string): Promise<Ran> =>
  qiao(['certs', ...line.split(' ')], { env, ...(at === undefined ? {} : { at }) });
const done = async (line: string, at?: string): Promise<string> => {
  const { exit, stdout, stderr } = await certs(line, at);
  expect([line, exit, stderr]).toEqual([line, 0, '']);
  return stdout.toString('utf8');
};
const refusedFor = async (line: string, at?: string): Promise<string> => {
  const { exit, stderr } = await certs(line, at);
  expect([line, exit]).toEqual([line, 2]);
  return (JSON.parse(stderr) as { code: string }).code;
};
const word = (text: string, name: string) => new RegExp(`${name}\\s+(.+)`).exec(text)?.[1]?.trim() ?? '';
const fingerprintIn = (text: string) => word(text, 'fingerprint').replaceAll(' ', '');
const pendingIn = (text: string) => word(text, 'pending');
const listed = async (at?: string) =>
  JSON.parse(await done(`list --json --store ${store}`, at)) as {
    version: number;
    entries: {
      kid: string;
      participant: string;
      status: string;
      notBefore: string;
      notAfter: string;
      revokedAt?: string;
    }[];
    links: { kid: string; exchange: string; side: string }[];
    pending: { id: string; operators: string[] }[];
    expiries: { kid: string; kind: string }[];
  };
const openAt = (at: string) =>
  openKeyStore(store, { demo: false, nowMs: () => Date.parse(at), passphrase: 'passphrase of KEYS' });

const verifiesWith = (spki: string, bytes: Uint8Array, signature: Uint8Array) =>
  verify(
    'sha256',
    bytes,
    createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' }),
    signature,
  );

const MORNING = '2026-03-02T10:00:00+08:00';
let witness = '';

beforeAll(async () => {
  witness = (await done(`enrol ctex --use witness --store ${ctex}`)).trim();
  await done(`init --operator alice --operator bob --offline ${offline} --witness ${witness} --store ${store}`);
});

describe('the ceremony', () => {
  it('leaves a store a gateway can open, with every private key encrypted and no root or operator key in it', async () => {
    const keys = await openAt(MORNING);
    expect([keys.demo, keys.anchor.demo, keys.trust.current.operators]).toEqual([false, false, ['alice', 'bob']]);
    expect(keys.envelopeSigners('qiao').map(({ alg }) => alg)).toEqual(['Ed25519']);
    for (const exchange of ['ctex', 'stex', 'szse']) {
      expect((await keys.link(exchange).signer.sign(Buffer.from('any'))).length).toBeGreaterThan(60);
    }
    expect(keys.logSigners()).toHaveLength(2);
    const privates = [store, offline, ctex].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.key.pem'))
        .map((name) => join(folder, name)),
    );
    expect(privates.length).toBeGreaterThan(14);
    for (const file of privates) {
      expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
      expect(readFileSync(file, 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
      expect(() => createPrivateKey({ key: readFileSync(file), passphrase: 'guessed' })).toThrow();
    }
    expect(privates.filter((file) => /root|operators/.test(file)).every((file) => file.startsWith(offline))).toBe(true);
  });

  it('happens once: a store that is there is not overwritten', async () => {
    const before = readFileSync(join(store, 'anchor.json'), 'utf8');
    const again = `init --operator alice --operator bob --offline ${base}/elsewhere --witness ${witness} --store ${store}`;
    expect(await refusedFor(again)).toBe('state-forbids');
    expect(readFileSync(join(store, 'anchor.json'), 'utf8')).toBe(before);
  });

  it('needs two operators and a passphrase for each key', async () => {
    const folders = `--offline ${base}/o2 --witness ${witness} --store ${base}/s2`;
    expect(await refusedFor(`init --operator alice --operator alice ${folders}`)).toBe('same-operator');
    const { exit, stderr } = await certs(`init --operator alice --operator dave ${folders}`);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('QIAO_OPERATOR_DAVE_PASSPHRASE_FILE')]);
    expect(existsSync(`${base}/s2`)).toBe(false);
  });
});

describe('an exchange joins', () => {
  let fingerprint = '';
  let csr = '';
  const ask = (by: string, print = fingerprint) =>
    `issue ctex --use envelope --csr ${csr} --fingerprint ${print} --operator ${by} --offline ${offline} --store ${store}`;

  beforeAll(async () => {
    const said = await done(`enrol ctex --use envelope --store ${ctex}`);
    fingerprint = fingerprintIn(said);
    csr = word(said, 'request');
  });

  it('its key is made on its own machine; a request with another fingerprint, owner or a broken signature is refused', async () => {
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(await refusedFor(ask('alice', `${'0'.repeat(64)}`))).toBe('fingerprint-differs');
    expect(await refusedFor(ask('alice').replace('issue ctex', 'issue szse'))).toBe('not-yours');
    const [der] = dersOfPem('CERTIFICATE REQUEST', readFileSync(csr, 'utf8'));
    const forged = Buffer.from(der!);
    forged[forged.length - 3]! ^= 1;
    const file = join(base, 'forged.csr.pem');
    writeFileSync(
      file,
      `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
    );
    expect(await refusedFor(ask('alice').replace(csr, file))).toBe('bad-signature');
  });

  it('one operator alone makes nothing; the same one cannot approve; the other must know the fingerprint', async () => {
    const id = pendingIn(await done(ask('alice')));
    const approve = `approve ${id} --offline ${offline} --store ${store}`;
    expect((await listed()).pending).toMatchObject([{ id, operators: ['alice'] }]);
    expect((await listed()).version).toBe(1);
    expect(existsSync(join(store, 'issued'))).toBe(false);

    expect(await refusedFor(`${approve} --operator alice --fingerprint ${fingerprint}`)).toBe('same-operator');
    expect(await refusedFor(`${approve} --operator bob`)).toBe('fingerprint-differs');
    expect(await refusedFor(`${approve} --operator bob --fingerprint ${'f'.repeat(64)}`)).toBe('fingerprint-differs');
    expect((await listed()).version).toBe(1);

    const said = await done(`${approve} --operator bob --fingerprint ${fingerprint}`);
    expect(said).toContain('alice + bob');
    const { version, entries, pending } = await listed();
    expect([version, pending]).toEqual([2, []]);
    expect(entries.map(({ participant }) => participant)).toEqual(['qiao', 'ctex']);

    // The certificate goes back; the key takes its place on the exchange's machine, and only there.
    const issued = word(said, 'certificate');
    const chain = dersOfPem('CERTIFICATE', readFileSync(issued, 'utf8'));
    const { roots, crls, sm2 } = await openAt(MORNING);
    const check = {
      roots,
      crls: crls(),
      atMs: Date.parse(MORNING),
      purpose: 'signing',
      participant: 'ctex',
      sm2,
    } as const;
    expect(validatePath({ leaf: chain[0]!, intermediate: chain[1]! }, check)).toMatchObject({ ok: true });
    const placed = word(await done(`install ${issued} --store ${ctex}`), 'installed');
    expect(placed).toBe(join(ctex, `participants/ctex/envelope.${fingerprint.slice(0, 16)}.key.pem`));
    expect(statSync(placed).mode & 0o777).toBe(0o600);
    expect(await refusedFor(`install ${issued} --store ${ctex}`)).toBe('reference-unknown');
  });

  it('an altered request, or one that another list has overtaken, is refused', async () => {
    const said = await done(`enrol stex --use envelope --store ${base}/stex`);
    const print = fingerprintIn(said);
    const request = (by: string) =>
      `issue stex --use envelope --csr ${word(said, 'request')} --fingerprint ${print} --operator ${by} --offline ${offline} --store ${store}`;
    const id = pendingIn(await done(request('bob')));
    const path = join(store, 'pending', `${id}.json`);
    const approve = `approve ${id} --operator alice --fingerprint ${print} --offline ${offline} --store ${store}`;
    const file = readFileSync(path, 'utf8');
    const { proposal, list } = JSON.parse(file) as { proposal: string; list: string };
    const rewritten = (from: string, change: (payload: string) => string) => {
      const jws = JSON.parse(from) as { payload: string; signatures: unknown };
      const payload = change(Buffer.from(jws.payload, 'base64url').toString('utf8'));
      return JSON.stringify({ payload: Buffer.from(payload).toString('base64url'), signatures: jws.signatures });
    };
    const longer = (text: string) => text.replaceAll('2027-', '2029-');
    expect(longer('2027-')).not.toBe('2027-');
    for (const altered of [
      { proposal: rewritten(proposal, longer), list },
      { proposal, list: rewritten(list, longer) },
      { proposal: rewritten(proposal, longer), list: rewritten(list, longer) },
      { proposal, list: null },
    ]) {
      writeFileSync(path, JSON.stringify(altered));
      expect(await refusedFor(approve)).toBe('bad-signature');
    }
    for (const broken of ['', '{}', '[]', '{"proposal":7}', '{"proposal":"x","list":null}']) {
      writeFileSync(path, broken);
      expect((await certs(approve)).exit).toBe(2);
    }
    writeFileSync(path, file);

    // Meanwhile another key comes into force.
    const other = await done(`enrol szse --use envelope --store ${base}/szse`);
    const otherId = pendingIn(
      await done(
        `issue szse --use envelope --csr ${word(other, 'request')} --fingerprint ${fingerprintIn(other)} --operator alice --offline ${offline} --store ${store}`,
      ),
    );
    await done(
      `approve ${otherId} --operator bob --fingerprint ${fingerprintIn(other)} --offline ${offline} --store ${store}`,
    );
    expect(await refusedFor(approve)).toBe('proposal-stale');
    expect((await listed()).version).toBe(3);
    expect(await refusedFor(`approve ${'0'.repeat(12)} --operator bob --offline ${offline} --store ${store}`)).toBe(
      'reference-unknown',
    );
    rmSync(path);
  });

  it('somebody who is no operator cannot propose, whatever key they hold', async () => {
    const own = join(offline, 'operators/carol.key.pem');
    renameSync(join(offline, 'operators/alice.key.pem'), own);
    env.QIAO_OPERATOR_CAROL_PASSPHRASE_FILE = env.QIAO_OPERATOR_ALICE_PASSPHRASE_FILE!;
    try {
      const line = `revoke ctex:ed25519:${fingerprint.slice(0, 16)} --reason superseded --operator carol --offline ${offline} --store ${store}`;
      expect(await refusedFor(line)).toBe('unknown-sender');
    } finally {
      renameSync(own, join(offline, 'operators/alice.key.pem'));
    }
  });
});

describe('the gateway rotates its own key', () => {
  const by = (name: string) => `--operator ${name} --offline ${offline} --store ${store}`;

  it('not at once: a successor is published a day before it is used, and its predecessor lasts a week longer', async () => {
    expect(await refusedFor(`rotate qiao --use envelope --from 2026-03-02T12:00:00+08:00 ${by('alice')}`)).toBe(
      'too-early',
    );
    const asked = await done(`rotate qiao --use envelope ${by('alice')}`);
    const print = fingerprintIn(asked);
    await done(`approve ${pendingIn(asked)} --fingerprint ${print} ${by('bob')}`);
    const [old, next] = (await listed()).entries.filter(({ participant }) => participant === 'qiao');
    expect(Date.parse(next!.notBefore) - Date.parse(MORNING)).toBeGreaterThanOrEqual(24 * 3_600_000);
    expect(Date.parse(old!.notAfter) - Date.parse(next!.notBefore)).toBe(7 * 24 * 3_600_000);

    // The key lies in place already and signs from its own hour on; no file is moved, nothing is restarted.
    const kidAt = async (at: string) => (await openAt(at)).envelopeSigners('qiao')[0]!.kid;
    expect(await kidAt('2026-03-02T18:00:00+08:00')).toBe(old!.kid);
    expect(await kidAt('2026-03-04T10:00:00+08:00')).toBe(next!.kid);
    expect(await kidAt('2026-06-01T10:00:00+08:00')).toBe(next!.kid);
    const { trust } = await openAt(MORNING);
    const valid = (kid: string, at: string) => trust.validAt(kid, Date.parse(at)) !== undefined;
    expect([old, next].map((one) => valid(one!.kid, '2026-03-08T10:00:00+08:00'))).toEqual([true, true]);
    expect([old, next].map((one) => valid(one!.kid, '2026-03-20T10:00:00+08:00'))).toEqual([false, true]);
  });

  it('a TLS key: certificate and key take the place of the old ones when both have signed', async () => {
    const before = (await openAt(MORNING)).tls('qiao');
    const asked = await done(`rotate qiao --use tls ${by('bob')}`);
    expect((await openAt(MORNING)).tls('qiao')).toEqual(before);
    await done(`approve ${pendingIn(asked)} --fingerprint ${fingerprintIn(asked)} ${by('alice')}`);
    const { tls, roots, crls, sm2 } = await openAt(MORNING);
    const { key, chain } = tls('qiao');
    expect(key).not.toBe(before.key);
    const [leaf, intermediate] = dersOfPem('CERTIFICATE', chain);
    const check = { roots, crls: crls(), atMs: Date.parse(MORNING), participant: 'qiao', sm2 };
    for (const purpose of ['tls-server', 'tls-client'] as const) {
      expect(validatePath({ leaf: leaf!, intermediate: intermediate! }, { ...check, purpose })).toMatchObject({
        ok: true,
      });
    }
    const { stderr } = await certs(`list --json --store ${store}`, '2026-06-25T10:00:00+08:00');
    expect(stderr).toBe('');
  });

  it('a link key: the one whose hour has come signs', async () => {
    const asked = await done(`rotate qiao --use link --exchange szse ${by('alice')}`);
    await done(`approve ${pendingIn(asked)} --fingerprint ${fingerprintIn(asked)} ${by('bob')}`);
    const message = Buffer.from('any bytes');
    for (const [at, index] of [
      [MORNING, 0],
      ['2026-03-05T10:00:00+08:00', 1],
    ] as const) {
      const keys = await openAt(at);
      const links = keys.trust.current.links.filter(({ exchange, side }) => exchange === 'szse' && side === 'gateway');
      const verifies = links.map(({ spki }) => verifiesWith(spki, message, keys.link('szse').signer.sign(message)));
      expect(verifies.indexOf(true)).toBe(index);
    }
  });
});

describe('a key is revoked', () => {
  const by = (name: string) => `--operator ${name} --offline ${offline} --store ${store}`;

  it('by two operators, in the list and in the revocation list of whoever issued its certificate', async () => {
    const kid = (await listed()).entries.find(({ participant }) => participant === 'ctex')!.kid;
    const crl = join(store, 'crl/main-signing.crl.pem');
    const before = readFileSync(crl, 'utf8');
    const id = pendingIn(await done(`revoke ${kid} --reason keyCompromise ${by('bob')}`, '2026-03-03T10:00:00+08:00'));
    expect(readFileSync(crl, 'utf8')).toBe(before);
    expect(await refusedFor(`approve ${id} ${by('bob')}`)).toBe('same-operator');
    await done(`approve ${id} ${by('alice')}`, '2026-03-03T10:05:00+08:00');
    const { entries } = await listed('2026-03-03T10:06:00+08:00');
    expect(entries.find((one) => one.kid === kid)).toMatchObject({
      status: 'revoked',
      revokedAt: '2026-03-03T10:00:00+08:00',
    });
    const { trust, roots, crls, sm2 } = await openAt('2026-03-03T11:00:00+08:00');
    expect(trust.validAt(kid, Date.parse('2026-03-03T09:59:59+08:00'))).toBeDefined();
    expect(trust.validAt(kid, Date.parse('2026-03-03T10:00:00+08:00'))).toBeUndefined();
    const [leaf, intermediate] = trust.current.records
      .find((one) => one.kid === kid)!
      .chain!.map((der) => Buffer.from(der, 'base64'));
    const check = {
      roots,
      crls: crls(),
      atMs: Date.parse('2026-03-03T11:00:00+08:00'),
      purpose: 'signing',
      participant: 'ctex',
      sm2,
    } as const;
    expect(validatePath({ leaf: leaf!, intermediate: intermediate! }, check)).toMatchObject({
      ok: false,
      fault: 'certificate-revoked',
    });
    expect(await refusedFor(`revoke ${kid} --reason superseded ${by('alice')}`)).toBe('state-forbids');
    expect(await refusedFor(`revoke ctex:ed25519:0000000000000000 --reason superseded ${by('alice')}`)).toBe(
      'reference-unknown',
    );
  });

  it('a TLS certificate by its serial number', async () => {
    const kid = (await listed()).expiries.find(({ kind }) => kind === 'tls-certificate')!.kid;
    const id = pendingIn(await done(`revoke ${kid} --reason superseded ${by('alice')}`));
    await done(`approve ${id} ${by('bob')}`);
    const { tls, roots, crls, sm2 } = await openAt(MORNING);
    const [leaf, intermediate] = dersOfPem('CERTIFICATE', tls('qiao').chain);
    const check = {
      roots,
      crls: crls(),
      atMs: Date.parse(MORNING) + 1_000,
      purpose: 'tls-server',
      participant: 'qiao',
      sm2,
    } as const;
    expect(validatePath({ leaf: leaf!, intermediate: intermediate! }, check)).toMatchObject({
      ok: false,
      fault: 'certificate-revoked',
    });
    expect(await refusedFor(`revoke ${'ab'.repeat(16)} --reason superseded ${by('alice')}`)).toBe('reference-unknown');
  });

  it('revocation lists are renewed without operators, and forget nothing', async () => {
    const serials = async () =>
      (await openAt(MORNING))
        .crls()
        .map((der) => readCrl(der)!)
        .map(({ revoked, number }) => ({ number, revoked: revoked.map(({ serial }) => serial) }));
    const before = await serials();
    expect(before.flatMap(({ revoked }) => revoked)).toHaveLength(2);
    const said = await done(`crl --store ${store} --offline ${offline}`, '2026-03-04T10:00:00+08:00');
    expect(said.match(/renewed/g)).toHaveLength(7);
    const after = await serials();
    expect(after.map(({ revoked }) => revoked)).toEqual(before.map(({ revoked }) => revoked));
    expect(after.map(({ number }) => number)).toEqual(before.map(({ number }) => number + 1));
    const atHand = await done(`crl --store ${store}`, '2026-03-05T10:00:00+08:00');
    expect(atHand.match(/renewed/g)).toHaveLength(4);
  });
});

describe('PKCS #12', () => {
  it('carries the RSA key of a link, with its certificate, to another machine; a wrong password opens nothing', async () => {
    const file = join(base, 'ctex.p12');
    writeFileSync(join(base, 'P12'), 'passphrase of the file');
    env.QIAO_PKCS12_PASSPHRASE_FILE = join(base, 'P12');
    await done(`export ctex --out ${file} --store ${store}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await certs(`export ctex --out ${file} --store ${store}`)).exit).toBe(1);
    expect(await refusedFor(`export szse --out ${file}2 --store ${store}`)).toBe('not-expressible');
    const enrol = `enrol qiao --use link --exchange ctex --pkcs12 ${file} --store ${base}/host2`;
    const print = fingerprintIn(await done(enrol));
    const [own] = (await listed()).links.filter(({ exchange }) => exchange === 'ctex');
    expect(own?.kid).toBe(`link:ctex:gateway:rs256:${print.slice(0, 16)}`);
    writeFileSync(join(base, 'P12'), 'another passphrase');
    expect(await refusedFor(enrol)).toBe('bad-format');
    writeFileSync(join(base, 'P12'), 'passphrase of the file');
    expect(await refusedFor(enrol.replace('--exchange ctex', '--exchange szse'))).toBe('outside-policy');
  });
});

describe('qiao certs list', () => {
  it('shows what is in force in both languages, and how many days are left', async () => {
    const text = await done(`list --store ${store}`, '2027-02-20T10:00:00+08:00');
    expect(text).toMatch(/信任清单 v\d+ /);
    expect(text).toMatch(/qiao:ed25519:[0-9a-f]{16} .*三十天内 within 30 days/);
    expect(text).toMatch(/ctex:ed25519:[0-9a-f]{16} .*已吊销 revoked/);
    expect(text).toMatch(/crl:[0-9a-f]{40} .*已到期 ended/);
    const { exit, stderr } = await certs(`list --store ${base}/nowhere`);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('qiao certs init')]);
  });

  it.each([
    '',
    'frobnicate',
    'issue',
    'approve',
    'enrol ctex',
    'enrol nobody --use tls',
    'revoke x --operator alice --reason why',
  ])('certs %s is a usage error', async (line) => {
    expect((await certs(line)).exit).toBe(64);
  });
});
