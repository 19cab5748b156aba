/**
 * The key store: a folder of PEM files and the local trust list. Keys are read once, here, and handed on as signers.
 *
 *     trust.json                                   the local trust list (public)
 *     participants/<code>/envelope[-sm2].key.pem   a participant's envelope keys
 *     links/<exchange>/gateway.key.pem             the gateway's own key in that exchange's protocol
 *     links/<exchange>/exchange.pub.pem            that exchange's public key (or certificate)
 *     mocks/<exchange>/…                           the other side of the link; demo stores only
 *
 * Demo keys live in `<folder>/demo`, apart from a real store in `<folder>` itself, which always goes first.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeSigner, NativeVerifier } from '../contract/adapter.ts';
import type { Alg, Signer } from '../envelope/jws.ts';
import { ed25519Signer, es256Signer } from '../envelope/signers.ts';
import { makeDemoStore } from './demo-keys.ts';
import { nativeSigner, nativeVerifier } from './native.ts';
import { readSm2PrivateKey, type Sm2, sm2Signer } from './sm2.ts';
import { chooseSm2 } from './sm2-check.ts';
import { type LocalTrustList, parseTrustList } from './trust-list.ts';

export interface KeyStore {
  /** Where the keys really are. */
  readonly root: string;
  /** Production refuses these. */
  readonly demo: boolean;
  readonly trust: LocalTrustList;
  /** The SM2 implementation that passed the known-answer test of this process. */
  readonly sm2: Sm2;
  /** @throws KeyProblem when we do not hold that key or the trust list does not know it */
  envelopeSigner(participant: string, alg?: Alg): Signer;
  /** The gateway's side of a link: its own key, and the exchange's public key. */
  link(exchange: string): NativeKeys;
  /** The exchange's side, for its mock. @throws KeyProblem unless this is a demo store */
  mock(exchange: string): NativeKeys;
}

export interface NativeKeys {
  readonly signer: NativeSigner;
  readonly verifier: NativeVerifier;
}

export interface KeyStoreOptions {
  /** Whether demo keys may be used, and made when there are none. Never in production. */
  readonly demo: boolean;
  /** Which keys are valid now, and from when those made now are. */
  nowMs(): number;
  /** Opens encrypted PKCS#8 files. */
  readonly passphrase?: string;
  readonly sm2?: Sm2;
}

/** A key that is not there or cannot be used: names the file and the next step, never its content. */
export class KeyProblem extends Error {
  readonly file: string;
  readonly zh: string;
  readonly en: string;
  constructor(file: string, zh: string, en: string, next: string, cause?: unknown) {
    super(`${zh}：${file}\n${en}: ${file}\n→ ${next}`, { cause });
    this.name = 'KeyProblem';
    this.file = file;
    this.zh = zh;
    this.en = en;
  }
}

const KEY_FILES: Readonly<Record<Alg, string>> = {
  Ed25519: 'envelope.key.pem',
  ES256: 'envelope-es256.key.pem',
  'SM2-SM3': 'envelope-sm2.key.pem',
};
const INIT = '见 certs/README.md / see certs/README.md';

/** @throws KeyProblem, or the SM2 known-answer test's error: both must stop the start */
export async function openKeyStore(folder: string, options: KeyStoreOptions): Promise<KeyStore> {
  const { passphrase } = options;
  const sm2 = options.sm2 ?? chooseSm2();
  const root = await chooseRoot(folder, options);
  const demo = existsSync(join(root, 'DEMO'));
  const trust = readTrust(join(root, 'trust.json'), sm2);

  // Each key is read and decoded once, at its first use: callers may ask for it with every message.
  const kept = new Map<string, unknown>();
  const use = <T>(file: string, make: (pem: string) => T): T => {
    if (kept.has(file)) return kept.get(file) as T;
    const path = join(root, file);
    const pem = readKeyFile(path);
    try {
      const made = make(pem);
      kept.set(file, made);
      return made;
    } catch (cause) {
      throw new KeyProblem(path, '密钥无法使用', 'This key cannot be used', INIT, cause);
    }
  };
  const pair = (own: string, other: string): NativeKeys => ({
    signer: use(own, (pem) => nativeSigner(pem, sm2, passphrase)),
    verifier: use(other, (pem) => nativeVerifier(pem, sm2)),
  });

  return {
    root,
    demo,
    trust,
    sm2,
    envelopeSigner(participant, alg = 'Ed25519') {
      const file = `participants/${participant}/${KEY_FILES[alg]}`;
      const signer = use(file, (pem) => envelopeSignerFor(participant, alg, pem, trust, sm2, passphrase));
      if (signer !== undefined) return signer;
      const [zh, en] = [`信任清单未登记 ${participant} 的此密钥`, `The trust list lacks this key of ${participant}`];
      throw new KeyProblem(join(root, 'trust.json'), zh, en, INIT);
    },
    link: (exchange) => pair(`links/${exchange}/gateway.key.pem`, `links/${exchange}/exchange.pub.pem`),
    mock(exchange) {
      if (demo) return pair(`mocks/${exchange}/exchange.key.pem`, `mocks/${exchange}/gateway.pub.pem`);
      const en = 'Only a demo store holds the private key of an exchange';
      throw new KeyProblem(join(root, 'mocks', exchange), '只有演示密钥库才有交易所私钥', en, 'qiao demo');
    },
  };
}

async function chooseRoot(folder: string, { demo, nowMs }: KeyStoreOptions): Promise<string> {
  const real = existsSync(join(folder, 'trust.json'));
  if (real && (demo || !existsSync(join(folder, 'DEMO')))) return folder;
  const demoRoot = join(folder, 'demo');
  if (!demo) {
    const onlyDemo = real || existsSync(demoRoot);
    throw onlyDemo
      ? new KeyProblem(
          folder,
          '这里只有演示密钥，生产环境拒绝使用',
          'There are only demo keys here, which production refuses',
          INIT,
        )
      : new KeyProblem(join(folder, 'trust.json'), '没有密钥库', 'There is no key store', INIT);
  }
  if (!existsSync(join(demoRoot, 'trust.json'))) {
    try {
      await makeDemoStore(demoRoot, new Date(nowMs()));
    } catch (cause) {
      throw new KeyProblem(
        demoRoot,
        '无法建立演示密钥',
        'The demo keys cannot be made',
        'QIAO_KEYS=<writable folder>',
        cause,
      );
    }
  }
  return demoRoot;
}

function readTrust(path: string, sm2: Sm2): LocalTrustList {
  const parsed = parseTrustList(Buffer.from(readFile(path)), sm2);
  if (parsed.ok) return parsed.value;
  const why = parsed.refusals.map(({ pointer, zh, en }) => `${pointer}: ${zh} / ${en}`).join('; ');
  throw new KeyProblem(path, '信任清单不可用', 'The trust list cannot be used', why);
}

/** Undefined when the trust list has no active entry for exactly this key. */
function envelopeSignerFor(
  participant: string,
  alg: Alg,
  pem: string,
  trust: LocalTrustList,
  sm2: Sm2,
  passphrase: string | undefined,
): Signer | undefined {
  const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
  const record = trust.records.find(
    (r) => r.participant === participant && r.alg === alg && r.spki === spki && r.status === 'active',
  );
  if (record === undefined) return undefined;
  if (alg === 'Ed25519') return ed25519Signer(record.kid, key);
  if (alg === 'ES256') return es256Signer(record.kid, key);
  return sm2Signer(record.kid, readSm2PrivateKey(pem, record.sm2Id, passphrase), sm2);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing
      ? new KeyProblem(path, '缺少密钥文件', 'A key file is missing', INIT, cause)
      : new KeyProblem(path, '密钥文件无法读取', 'A key file cannot be read', `chmod u+r ${path}`, cause);
  }
}

/** A private key that other users can read is no secret: refused, as ssh does. */
function readKeyFile(path: string): string {
  const pem = readFile(path);
  const open = process.platform !== 'win32' && path.endsWith('.key.pem') && (statSync(path).mode & 0o037) !== 0;
  if (open) throw new KeyProblem(path, '私钥文件权限过宽', 'A private key is open to other users', `chmod 600 ${path}`);
  return pem;
}
