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
import { cosign, cosignaturesOf } from '../../src/log/cosignature.ts';
import { parseNote, signNote } from '../../src/log/note.ts';
import { isSignedByLog, readPolicy } from '../../src/log/quorum.ts';
import { makeDemoStore } from '../../src/trust/demo-keys.ts';
import { derOfRs } from '../../src/trust/der.ts';
import { KeyProblem, openKeyStore } from '../../src/trust/keystore.ts';
import { validatePath } from '../../src/trust/pki/path.ts';
import { dersOfPem } from '../../src/trust/pki/pem.ts';
import { readSm2PublicKey } from '../../src/trust/sm2.ts';
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
    const sign = (store: typeof first) => signEnvelope(message, header(), store.envelopeSigners('ctex'));
    expect(Buffer.from(await sign(first)).equals(await sign(second))).toBe(true);
  });

  test('gives every participant keys that its trust list verifies: Ed25519, and SM2 where its own protocol is', async () => {
    const store = await open(folder);
    for (const iss of ['qiao', ...exchanges]) {
      const signers = store.envelopeSigners(iss);
      const algs = iss === 'stex' ? ['Ed25519', 'SM2-SM3'] : ['Ed25519'];
      expect(signers.map(({ alg }) => alg)).toEqual(algs);
      const envelope = await signEnvelope(message, header({ iss }), signers);
      const opened = verifyEnvelope(envelope, store.trust, { atMs, requireAlgs: signers.map(({ alg }) => alg) });
      expect(opened).toMatchObject({ ok: true, header: { iss } });
      expect(store.envelopeSigners(iss)).toBe(signers); // decoded once
    }
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
    const { records, links } = (await open(folder)).trust.current;
    expect([records.length, links.length]).toEqual([5, 6]);
  });

  test('has a certificate for every key, each on a path that our validator accepts for its owner only', async () => {
    const { trust, roots, crls, sm2, root, tls } = await open(folder);
    const check = (
      participant: string,
      chain: readonly Uint8Array[],
      purpose: 'signing' | 'tls-client' | 'tls-server',
    ) =>
      validatePath(
        { leaf: chain[0]!, intermediate: chain[1]! },
        { roots, crls: crls(), atMs: now.getTime(), purpose, participant, sm2 },
      );
    for (const { participant, chain, spki } of trust.current.records) {
      const verdict = check(
        participant,
        (chain ?? []).map((der) => Buffer.from(der, 'base64')),
        'signing',
      );
      expect(verdict).toMatchObject({ ok: true });
      expect(verdict.ok && Buffer.from(verdict.spki).toString('base64')).toBe(spki);
    }
    for (const participant of ['qiao', ...exchanges]) {
      const { key, chain } = tls(participant);
      for (const purpose of ['tls-client', 'tls-server'] as const) {
        expect(check(participant, dersOfPem('CERTIFICATE', chain), purpose)).toMatchObject({ ok: true });
      }
      expect(check('nobody', dersOfPem('CERTIFICATE', chain), 'tls-client').ok).toBe(false);
      expect(new X509Certificate(chain).checkPrivateKey(createPrivateKey(key))).toBe(true);
    }
    for (const exchange of exchanges) {
      const chain = readFileSync(join(root, 'links', exchange, 'exchange.cert.pem'), 'utf8');
      expect(check(exchange, dersOfPem('CERTIFICATE', chain), 'signing')).toMatchObject({ ok: true });
    }
    const leaf = new X509Certificate(readFileSync(join(root, 'links/ctex/exchange.cert.pem')));
    expect(leaf.ca).toBe(false);
    expect(leaf.subject).toContain('中国技术交易所');
    expect(leaf.subjectAltName).toContain('urn:fed:exchange:ctex');
  });

  test('signs checkpoints and cosignatures by exactly the keys its anchor names', async () => {
    const store = await open(folder);
    const policy = readPolicy(store.anchor)!;
    const text = 'qiao/log\n1\nnhbXiHEITVYpxt/pSxnmBmoHyV9uyDpPA0TRoTAxCps=\n';
    const note = parseNote(await signNote(text, store.logSigners()))!;
    const sm2Check = (spki: Uint8Array, bytes: Uint8Array, rs: Uint8Array) =>
      store.sm2.verify(readSm2PublicKey(spki), bytes, derOfRs(rs));
    expect(isSignedByLog(note, policy.logKeys, sm2Check)).toBe(true);
    const signatures = await Promise.all(
      exchanges.map((exchange) => {
        const { key, sign } = store.witness(exchange);
        return cosign(text, key, now.getTime(), sign);
      }),
    );
    const keys = policy.witnesses.map(({ key }) => key);
    expect(cosignaturesOf({ text, signatures }, keys)).toHaveLength(3);
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
    const anchor = join(real, 'anchor.json');
    const text = readFileSync(anchor, 'utf8');
    expect((await problem(() => open(real))).message).toMatch(/演示用的信任锚/);
    writeFileSync(anchor, text.replace('"demo": true', '"demo": false'));
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
    ['participants/qiao/envelope.key.pem', (store: Store) => store.envelopeSigners('qiao')],
    ['links/stex/gateway.key.pem', (store: Store) => store.link('stex')],
    ['participants/szse/tls.chain.pem', (store: Store) => store.tls('szse')],
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

  test('a store that an earlier version made is set aside, and a new one made', async () => {
    const old = copy('old');
    rmSync(join(old, 'demo/anchor.json'));
    const before = readFileSync(join(old, 'demo/trust.json'), 'utf8');
    expect((await open(old)).demo).toBe(true);
    const aside = readdirSync(old).filter((name) => name.startsWith('demo.'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(old, aside[0]!, 'trust.json'), 'utf8')).toBe(before);
  });

  test.each(['anchor.json', 'trust.json'])('a broken %s stops the start and says where it is broken', async (file) => {
    const broken = copy(`broken-${file}`);
    writeFileSync(join(broken, 'demo', file), '{"format":"qiao-trust-anchor/1"}');
    const { message: text, file: named } = await problem(() => open(broken));
    expect(named).toBe(join(broken, 'demo', file));
    expect(text).toMatch(file === 'anchor.json' ? /信任锚不可用.*\/operators/s : /信任清单不可用.*\/format/s);
  });

  test('a key that the trust list does not know cannot sign', async () => {
    const swapped = copy('swapped');
    cpSync(
      join(swapped, 'demo/participants/stex/envelope.key.pem'),
      join(swapped, 'demo/participants/ctex/envelope.key.pem'),
    );
    expect((await problem(async () => (await open(swapped)).envelopeSigners('ctex'))).message).toMatch(
      /信任清单未登记 ctex/,
    );
  });
});
