import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { makeDemoStore } from '../../src/trust/demo-keys.ts';
import { KeyProblem, openKeyStore } from '../../src/trust/keystore.ts';
import { nativeSm2 } from '../../src/trust/sm2.ts';
import { parseTrustList } from '../../src/trust/trust-list.ts';
import { atMs, header } from '../envelope/keys.ts';

const now = new Date('2026-11-22T10:00:00+08:00');
const base = mkdtempSync(join(tmpdir(), 'qiao-keys-'));
const folder = join(base, 'keys');
const exchanges = ['ctex', 'stex', 'szse'] as const;
const message = Buffer.from('any bytes');
const open = (where: string, demo = true) => openKeyStore(where, { demo, nowMs: () => now.getTime() });
const files = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true }).map((f) => ({ path: join(f.parentPath, f.name), f }));

type Store = Awaited<ReturnType<typeof open>>;

async function problem(act: () => unknown): Promise<KeyProblem> {
  try {
    await act();
  } catch (cause) {
    if (cause instanceof KeyProblem) return cause;
    throw cause;
  }
  throw new Error('no KeyProblem was thrown');
}

/** A copy of the demo store, to be broken. */
function copy(name: string): string {
  const to = join(base, name);
  cpSync(folder, to, { recursive: true });
  return to;
}

beforeAll(async () => {
  await open(folder);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe('a demo key store', () => {
  test('is made at the first start and read at the next: the same keys', async () => {
    const before = readFileSync(join(folder, 'demo/trust.json'), 'utf8');
    const [first, second] = await Promise.all([open(folder), open(folder)]);
    expect(readFileSync(join(folder, 'demo/trust.json'), 'utf8')).toBe(before);
    expect(first.demo).toBe(true);
    const sign = (store: typeof first) => signEnvelope(message, header(), [store.envelopeSigner('ctex')]);
    expect(Buffer.from(await sign(first)).equals(await sign(second))).toBe(true);
  });

  test('gives every participant Ed25519 and SM2 keys that its own trust list verifies', async () => {
    const store = await open(folder);
    for (const iss of ['qiao', ...exchanges]) {
      const signers = [store.envelopeSigner(iss), store.envelopeSigner(iss, 'SM2-SM3')];
      const envelope = await signEnvelope(message, header({ iss }), signers);
      const opened = verifyEnvelope(envelope, store.trust, { atMs, requireAlgs: ['Ed25519', 'SM2-SM3'] });
      expect(opened).toMatchObject({ ok: true, header: { iss } });
      expect(verifyEnvelope(envelope, store.trust, { atMs: now.getTime() }).ok).toBe(true);
    }
    expect(store.envelopeSigner('qiao')).toBe(store.envelopeSigner('qiao')); // decoded once
  });

  test.each(exchanges)(
    'holds both sides of the %s link, each verifying the other and only the other',
    async (exchange) => {
      const store = await open(folder);
      const [gateway, mock] = [store.link(exchange), store.mock(exchange)];
      expect(mock.verifier.verify(message, gateway.signer.sign(message))).toBe(true);
      expect(gateway.verifier.verify(message, mock.signer.sign(message))).toBe(true);
      expect(gateway.verifier.verify(message, gateway.signer.sign(message))).toBe(false);
      const other = exchange === 'ctex' ? 'stex' : 'ctex';
      expect(gateway.verifier.verify(message, store.mock(other).signer.sign(message))).toBe(false);
    },
  );

  test('keeps private keys to their owner, and none in a public file', async () => {
    const isPrivate = (path: string) => path.endsWith('.key.pem');
    let seen = 0;
    for (const { path, f } of files(join(folder, 'demo'))) {
      const mode = statSync(path).mode & 0o777;
      if (f.isDirectory()) expect([path, mode]).toEqual([path, 0o700]);
      else if (isPrivate(path)) expect([path, mode]).toEqual([path, 0o600]);
      if (f.isFile() && !isPrivate(path)) {
        seen += 1;
        const text = readFileSync(path, 'utf8');
        expect(text).not.toMatch(/PRIVATE/);
        if (path.endsWith('.pub.pem')) expect(createPublicKey(text).type).toBe('public');
        if (!path.endsWith('.cert.pem')) expect(() => createPrivateKey(text)).toThrow();
      }
    }
    expect(seen).toBeGreaterThan(8);
    expect(statSync(join(folder, 'demo')).mode & 0o777).toBe(0o700);
    const { entries } = JSON.parse(readFileSync(join(folder, 'demo/trust.json'), 'utf8')) as {
      entries: { spki: string }[];
    };
    expect(entries).toHaveLength(8);
    for (const { spki } of entries) {
      const der = Buffer.from(spki, 'base64');
      expect(
        createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ format: 'der', type: 'spki' }),
      ).toEqual(der);
    }
  });

  test('has certificates for the ctex RSA keys that chain to its own root, with names in Chinese', async () => {
    const read = (name: string) => new X509Certificate(readFileSync(join(folder, 'demo/links/ctex', name)));
    const [root, gateway, exchange] = [read('root.cert.pem'), read('gateway.cert.pem'), read('exchange.cert.pem')];
    expect(root.ca && root.verify(root.publicKey)).toBe(true);
    for (const leaf of [gateway, exchange]) {
      expect(leaf.ca).toBe(false);
      expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
    }
    expect(exchange.subject).toContain('中国技术交易所');
    expect(exchange.subjectAltName).toContain('urn:fed:exchange:ctex');
    expect(exchange.serialNumber).not.toBe(gateway.serialNumber);
    const spki = (key: ReturnType<typeof createPublicKey>) => key.export({ format: 'der', type: 'spki' });
    expect(spki(exchange.publicKey)).toEqual(
      spki(createPublicKey(readFileSync(join(folder, 'demo/links/ctex/exchange.pub.pem')))),
    );
    expect(
      gateway.checkPrivateKey(createPrivateKey(readFileSync(join(folder, 'demo/links/ctex/gateway.key.pem')))),
    ).toBe(true);
    expect(() => readFileSync(join(folder, 'demo/links/ctex/root.key.pem'))).toThrow();
  });

  test('made twice at once is one whole store: the later maker keeps its hands off', async () => {
    const late = join(base, 'late');
    await makeDemoStore(join(late, 'demo'), now);
    const winner = readFileSync(join(late, 'demo/trust.json'), 'utf8');
    await makeDemoStore(join(late, 'demo'), now);
    expect(readFileSync(join(late, 'demo/trust.json'), 'utf8')).toBe(winner);
    expect(readdirSync(late)).toEqual(['demo']);
  });
});

describe('production', () => {
  test('refuses demo keys, wherever they lie, and says what to do', async () => {
    const flat = join(base, 'flat');
    cpSync(join(folder, 'demo'), flat, { recursive: true });
    for (const where of [folder, flat]) {
      const { message: text } = await problem(() => open(where, false));
      expect(text).toMatch(/演示密钥/);
      expect(text).toMatch(/demo keys/);
      expect(text).toMatch(/certs\/README\.md/);
    }
  });

  test('refuses a folder without keys and makes nothing in it', async () => {
    const empty = join(base, 'empty');
    expect((await problem(() => open(empty, false))).message).toMatch(
      /没有密钥库.*There is no key store.*trust\.json/s,
    );
    expect(existsSync(empty)).toBe(false);
  });

  test('uses a real store, also where demo keys would be allowed; it has no side of the exchanges', async () => {
    const real = join(base, 'real');
    cpSync(join(folder, 'demo'), real, { recursive: true });
    rmSync(join(real, 'DEMO'));
    rmSync(join(real, 'mocks'), { recursive: true });
    for (const demo of [true, false]) {
      const store = await open(real, demo);
      expect([store.demo, store.root]).toEqual([false, real]);
      expect(store.link('stex').signer.sign(message).length).toBeGreaterThan(60);
      expect((await problem(() => store.mock('stex'))).message).toMatch(/交易所私钥/);
    }
  });
});

describe('what is missing or broken', () => {
  test.each([
    ['participants/qiao/envelope.key.pem', (store: Store) => store.envelopeSigner('qiao')],
    ['links/stex/gateway.key.pem', (store: Store) => store.link('stex')],
    ['links/szse/exchange.pub.pem', (store: Store) => store.link('szse')],
  ])('%s is named, in both languages, with the next command', async (file, use) => {
    const broken = copy(`broken-${file.replaceAll('/', '-')}`);
    const path = join(broken, 'demo', file);
    const mode = statSync(path).mode;
    writeFileSync(path, 'not a key');
    expect(await problem(async () => use(await open(broken)))).toMatchObject({ file: path, zh: '密钥无法使用' });
    expect((await problem(async () => use(await open(broken)))).message).not.toMatch(/not a key/);
    rmSync(path);
    expect((await problem(async () => use(await open(broken)))).message).toMatch(
      /缺少密钥文件.*A key file is missing.*certs\/README\.md/s,
    );
    expect(mode & 0o777).toBe(path.endsWith('.key.pem') ? 0o600 : 0o644);
  });

  test('a private key that others can read is refused', async () => {
    const loose = copy('loose');
    const path = join(loose, 'demo/links/ctex/gateway.key.pem');
    chmodSync(path, 0o644);
    expect((await problem(async () => (await open(loose)).link('ctex'))).message).toMatch(/权限过宽.*chmod 600/s);
  });

  test('a key that the trust list does not know cannot sign', async () => {
    const swapped = copy('swapped');
    cpSync(
      join(swapped, 'demo/participants/stex/envelope.key.pem'),
      join(swapped, 'demo/participants/ctex/envelope.key.pem'),
    );
    expect((await problem(async () => (await open(swapped)).envelopeSigner('ctex'))).message).toMatch(
      /信任清单未登记 ctex/,
    );
  });

  test('a trust list is refused for every fault in it', async () => {
    const text = readFileSync(join(folder, 'demo/trust.json'), 'utf8');
    const list = JSON.parse(text) as { format: string; entries: Record<string, unknown>[] };
    const [ed25519, sm2] = list.entries;
    const faulty = (...entries: unknown[]) => {
      const parsed = parseTrustList(Buffer.from(JSON.stringify({ ...list, entries })), nativeSm2);
      return parsed.ok ? [] : parsed.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
    };
    expect(faulty(...list.entries)).toEqual([]);
    expect(faulty(ed25519, ed25519)).toEqual(['duplicate-key /entries/1/kid']);
    expect(faulty({ ...ed25519, alg: 'ES256' })).toEqual(['bad-format /entries/0/spki']);
    expect(faulty({ ...sm2, alg: 'ES256', sm2Id: undefined })).toEqual(['bad-format /entries/0/spki']);
    expect(faulty({ ...ed25519, alg: 'SM2-SM3' })).toEqual(['bad-format /entries/0/spki']);
    expect(faulty({ ...ed25519, alg: 'HS256' })).toEqual(['bad-format /entries/0/alg']);
    expect(faulty({ ...ed25519, kid: '../x' }, { ...ed25519, notAfter: '2026-13-01T00:00:00+08:00' })).toEqual([
      'bad-format /entries/0/kid',
      'bad-format /entries/1/notAfter',
    ]);
    expect(faulty({ ...ed25519, d: 'secret' })).toEqual(['unknown-field /entries/0']);
    expect(faulty({ ...ed25519, spki: undefined })).toEqual(['missing-field /entries/0/spki']);
    expect(faulty(null, 7)).toEqual(['wrong-type /entries/0', 'wrong-type /entries/1']);
    for (const bad of ['', '[]', '{}', '{"format":"qiao-trust-list/1"}', '{"format":"x","entries":[]}', '\u0000']) {
      expect(parseTrustList(Buffer.from(bad), nativeSm2).ok).toBe(false);
    }
    const broken = copy('broken-list');
    writeFileSync(join(broken, 'demo/trust.json'), '{"format":"qiao-trust-list/1","entries":[{}]}');
    expect((await problem(() => open(broken))).message).toMatch(/信任清单不可用.*\/entries\/0\/participant/s);
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;
(openssl ? test : test.skip)('OpenSSL accepts the demo certificate chain, strictly', () => {
  const at = (name: string) => join(folder, 'demo/links/ctex', name);
  const result = spawnSync('openssl', [
    'verify',
    '-x509_strict',
    '-CAfile',
    at('root.cert.pem'),
    at('exchange.cert.pem'),
  ]);
  expect(`${result.stdout}${result.stderr}`).toContain('OK');
});
