import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { hasLowS } from '../../src/envelope/signers.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';
import type { Cryptoki } from '../../src/trust/pkcs11-driver.ts';
import { tokenKeys } from '../../src/trust/signer-pkcs11.ts';
import { kidOf } from '../../src/trust/trust-list-records.ts';
import { operatorSigner, signTrustList } from '../../src/trust/trust-list-write.ts';
import { header } from '../envelope/keys.ts';
import { makeTokens, softhsm } from '../support/softhsm.ts';

const folder = mkdtempSync(join(tmpdir(), 'qiao-pkcs11-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `participants/…` reference files, without anything that needs a token. */
const reference = (name: string, change: object = {}, pin = '5678', mode = 0o600): string => {
  const file = join(folder, `${name}.pkcs11.json`);
  const pinFile = `${name}.pin`;
  writeFileSync(join(folder, pinFile), `${pin}\n`, { mode });
  chmodSync(join(folder, pinFile), mode);
  writeFileSync(
    file,
    JSON.stringify({ module: softhsm ?? '/nowhere.so', token: 'qiao', label: 'envelope', pinFile, ...change }),
  );
  return file;
};
const noDriver = (): Cryptoki => {
  throw new Error('pkcs11js');
};

describe('a reference to a key in hardware', () => {
  test('where the driver is missing names the command that builds it, in both languages', () => {
    expect(() => tokenKeys(noDriver)(reference('driverless'))).toThrow(
      /缺少 PKCS #11 驱动.*The PKCS #11 driver is missing.*npm ci --prefix docker\/pkcs11/s,
    );
  });

  test.each([
    ['of another form', { pinFile: 7 }],
    ['with a member too many', { slot: '1' }],
    ['with nothing for the token', { token: '' }],
  ])('%s is refused, naming what belongs in it', (name, change) => {
    expect(() => tokenKeys(noDriver)(reference(name.replaceAll(' ', '-'), change))).toThrow(
      /密钥引用格式不符.*module, token, label, pinFile/s,
    );
  });

  test('whose PIN file others can read is refused, and the PIN is in no message', () => {
    const loaded = { load: () => {} } as unknown as Cryptoki;
    const open = () => tokenKeys(() => loaded)(reference('loose', {}, '24681357', 0o644));
    expect(open).toThrow(/PIN 文件权限过宽.*chmod 600/s);
    expect(open).not.toThrow(/24681357/);
  });
});

/** Skipped, and counted so, where SoftHSM or the compiled driver is not there; .ci/run brings both. */
const withToken = softhsm === undefined ? describe.skip : describe;

withToken('a non-extractable P-256 key in SoftHSM', () => {
  const pin = '90817263';
  let env: Readonly<Record<string, string>>;
  const script = fileURLToPath(new URL('../support/token-acts.ts', import.meta.url));
  const loader = new URL('../support/typescript.mjs', import.meta.url).href;
  const act = <T>(name: string, given: object): T => {
    const args = ['--import', loader, script, name, JSON.stringify(given)];
    const run = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 60_000 });
    if (run.status !== 0) throw new Error(`${name}: ${run.stdout}${run.stderr}`);
    expect(run.stdout + run.stderr).not.toContain(pin);
    return JSON.parse(run.stdout) as T;
  };
  const isRight = (spki: string, text: string, signature: string) =>
    verify(
      'sha256',
      Buffer.from(text),
      {
        key: createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' }),
        dsaEncoding: 'ieee-p1363',
      },
      Buffer.from(signature, 'base64'),
    );

  beforeAll(() => {
    env = makeTokens(folder, ['qiao', 'empty'], pin);
    const made = act<{ leaves: boolean; why: string }>('generate', {
      module: softhsm,
      token: 'qiao',
      label: 'envelope',
      pin,
    });
    expect(made).toEqual({ leaves: false, why: expect.stringContaining('SENSITIVE') });
  });

  test('signs many at once, each verified by node:crypto, all with the lower s', () => {
    const texts = Array.from({ length: 64 }, (_, i) => `message ${i}`);
    const { spki, signatures } = act<{ spki: string; signatures: string[] }>('sign', {
      reference: reference('good', {}, pin),
      texts,
    });
    for (const [i, signature] of signatures.entries()) {
      expect(isRight(spki, texts[i]!, signature)).toBe(true);
      expect(isRight(spki, 'another message', signature)).toBe(false);
      expect(hasLowS(Buffer.from(signature, 'base64'))).toBe(true);
    }
  });

  test('signs envelopes through the key store, once the trust list names it: Ed25519 gives way to ES256', async () => {
    const store = join(folder, 'keys');
    const opened = await openKeyStore(store, { demo: true, nowMs: () => header().iat * 1000 });
    const demo = opened.root;
    const file = join(demo, 'participants/ctex/envelope-es256.pkcs11.json');
    const pinFile = join(folder, 'good.pin');
    writeFileSync(file, JSON.stringify({ module: softhsm, token: 'qiao', label: 'envelope', pinFile }));
    const { spki } = act<{ spki: string }>('sign', { reference: file, texts: ['x'] });
    const kid = kidOf('ctex', 'ES256', Buffer.from(spki, 'base64'));
    const { payload } = opened.trust.current;
    const { notAfter } = payload.entries[0]!;
    const entry = {
      participant: 'ctex',
      kid,
      alg: 'ES256',
      notBefore: '2026-03-01T00:00:00+08:00',
      notAfter,
      status: 'active',
      spki,
    } as const;
    const operators = opened.anchor.operators.slice(0, 2).map(({ name }) => {
      const pem = readFileSync(join(demo, `operators/${name}.key.pem`), 'utf8');
      return operatorSigner(name, createPrivateKey(pem));
    });
    const next = {
      ...payload,
      version: payload.version + 1,
      prev: opened.trust.current.sha256,
      entries: [...payload.entries, entry],
    };
    writeFileSync(join(demo, 'trust.json'), await signTrustList(next, operators));

    const made = act<{ algs: string[]; bytes: string }>('envelope', { store, header: header(), payload: '{"桥":1}' });
    expect(made.algs).toEqual(['ES256']);
    const { trust } = await openKeyStore(store, { demo: true, nowMs: () => header().iat * 1000 });
    const verified = verifyEnvelope(Buffer.from(made.bytes, 'base64'), trust, { atMs: header().iat * 1000 });
    expect(verified).toMatchObject({ ok: true, signatures: [{ kid, alg: 'ES256' }] });
  });

  test('whose sessions were lost signs on with new ones', () => {
    const { spki, before, after } = act<{ spki: string; before: string; after: string }>('interrupted', {
      reference: reference('interrupted', {}, pin),
    });
    expect(isRight(spki, 'before', before)).toBe(true);
    expect(isRight(spki, 'after', after)).toBe(true);
  });

  test('a wrong PIN is offered once and never again: a token locks itself after a few', () => {
    const { asked, problems } = act<{ asked: number; problems: string[] }>('logins', {
      reference: reference('wrong-pin', {}, '11111111'),
      times: 20,
    });
    expect(asked).toBe(1);
    for (const problem of problems) expect(problem).toMatch(/无法登录令牌.*The token does not let us in/s);
    expect(problems.join()).not.toContain('11111111');
  });

  test.each([
    ['a token that is not there', { token: 'other' }, /There must be exactly one token other/],
    ['a token without that key', { token: 'empty' }, /There must be exactly one key pair envelope/],
    ['a library that is none', { module: '/etc/hostname' }, /library cannot be loaded.*\/etc\/hostname/s],
  ])('%s is named, with what was looked for', (name, change, why) => {
    const file = reference(name.replaceAll(' ', '-'), change, pin);
    expect(act<{ problem: string }>('sign', { reference: file, texts: ['x'] }).problem).toMatch(why);
  });
});
