/**
 * The key store: a folder of PEM files, the trust anchor and the trust list. Keys are read once, here, and handed on as
 * signers; certs/README.md has the layout.
 *
 *     anchor.json, trust.json, trust/<version>.json   public: what to verify by
 *     ca/<name>.cert.pem, crl/<name>.crl.pem          authorities and what they have revoked
 *     participants/<code>/envelope*.key.pem           a participant's envelope keys
 *     participants/<code>/tls.key.pem, tls.chain.pem  its TLS key, its certificate and the intermediate's
 *     links/<exchange>/gateway.key.pem                the gateway's own key in that exchange's protocol
 *     log/*.key.pem, witnesses/<exchange>/*.key.pem   checkpoints of the log, and their cosignatures
 *     mocks/<exchange>/…                              the other side of the link; demo stores only
 *
 * Demo keys live in `<folder>/demo`, apart from a real store in `<folder>` itself, which always goes first.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeSigner, NativeVerifier } from '../contract/adapter.ts';
import type { Signer } from '../envelope/jws.ts';
import { type NoteSigner, noteSigner, type VerifierKey, verifierKey } from '../log/note.ts';
import { envelopeKeys } from './keystore-envelope.ts';
import { INIT, KeyProblem, namesIn, readKeyFile, readStoreFile, stampOf } from './keystore-files.ts';
import { linkSigner, linkVerifier } from './keystore-link.ts';
import { chooseRoot } from './keystore-root.ts';
import { nativeSigner } from './native.ts';
import { dersOfPem } from './pki/pem.ts';
import { nativeSm2, readSm2PrivateKey, type Sm2, sm2Signer } from './sm2.ts';
import { chooseSm2 } from './sm2-check.ts';
import { openSm2Threads, type ThreadLimits } from './sm2-threads.ts';
import { parseAnchor, type TrustAnchor, witnessName } from './trust-anchor.ts';
import { readTrustList, shownFaults } from './trust-list.ts';
import { type LiveTrust, openLiveTrust } from './trust-list-live.ts';

export { KeyProblem } from './keystore-files.ts';

export interface KeyStore {
  /** Where the keys really are. */
  readonly root: string;
  /** Production refuses these. */
  readonly demo: boolean;
  /** The SM2 implementation that passed the known-answer test of this process. */
  readonly sm2: Sm2;
  readonly anchor: TrustAnchor;
  /** The trust list in force; starts as `trust.json` and is swapped by whoever watches it. */
  readonly trust: LiveTrust;
  /** Root certificates, DER. */
  readonly roots: readonly Uint8Array[];
  /** Revocation lists of every authority, DER, as last read. */
  crls(): readonly Uint8Array[];
  /**
   * The keys a participant signs envelopes with at that instant (now): Ed25519 or ES256 first, then SM2 where the trust
   * list names one. What is journaled at an instant is judged by the keys of that instant, so it is given with it.
   * @throws KeyProblem when we hold no key that is valid then
   */
  envelopeSigners(participant: string, atMs?: number): readonly Signer[];
  /** A participant's TLS key and chain as last read. @throws KeyProblem when we do not hold them */
  tls(participant: string): TlsKeys;
  /** The gateway's side of a link: its own key, and the exchange's keys as the trust list has them. */
  link(exchange: string): NativeKeys;
  /** The exchange's side, for its mock. @throws KeyProblem unless this is a demo store */
  mock(exchange: string): NativeKeys;
  /** The log's own lines under a checkpoint: Ed25519 and SM2. */
  logSigners(): readonly NoteSigner[];
  /** An exchange's witness key. @throws KeyProblem when it is not held here */
  witness(exchange: string): WitnessKeys;
  /** Reads revocation lists, TLS keys and envelope keys again if a file has changed; then `trust.onChange` is told. */
  refresh(): boolean;
  /** Ends the threads of SM2, where there are any; signing goes on without them. */
  close(): Promise<void>;
}

export interface TlsKeys {
  /** PKCS#8 PEM, not encrypted. */
  readonly key: string;
  /** PEM: leaf, then intermediate. */
  readonly chain: string;
}

export interface WitnessKeys {
  readonly key: VerifierKey;
  sign(bytes: Uint8Array): Uint8Array;
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
  readonly passphrase?: string | undefined;
  readonly sm2?: Sm2;
  /** Signs and verifies SM2 on threads beside this one: for the gateway, which does so with every message. */
  readonly sm2Threads?: ThreadLimits;
}

/** @throws KeyProblem, or the SM2 known-answer test's error: both must stop the start */
export async function openKeyStore(folder: string, options: KeyStoreOptions): Promise<KeyStore> {
  const sm2 = options.sm2 ?? chooseSm2();
  // The portable one stands in on this thread only.
  const isThreaded = options.sm2Threads !== undefined && sm2 === nativeSm2;
  const threads = isThreaded ? await openSm2Threads(options.sm2Threads) : undefined;
  const close = async () => threads?.close();
  try {
    return { ...(await openStore(folder, options, threads ?? sm2)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStore(folder: string, options: KeyStoreOptions, sm2: Sm2): Promise<Omit<KeyStore, 'close'>> {
  const { passphrase, nowMs } = options;
  const root = await chooseRoot(folder, options);
  const demo = existsSync(join(root, 'DEMO'));
  const anchor = readAnchor(join(root, 'anchor.json'), demo);
  const trust = openLiveTrust(readTrust(join(root, 'trust.json'), anchor, sm2));
  const ground = { root, trust, sm2, passphrase, nowMs };

  // Each key is read and decoded once, at its first use: callers may ask for it with every message.
  let kept = new Map<string, unknown>();
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
  const privateKey = (pem: string): KeyObject =>
    createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  const readCrls = () => namesIn(join(root, 'crl'), /\.crl\.pem$/).map((name) => crlOf(join(root, 'crl', name)));
  let crls = readCrls();
  const watched = () => {
    const own = ['participants', 'links'].flatMap((folder) =>
      namesIn(join(root, folder), /^[a-z]/).map((name) => join(root, folder, name)),
    );
    return stampOf([join(root, 'crl'), ...own], /\.(pem|pkcs11\.json)$/);
  };
  let stamp = watched();

  return {
    root,
    demo,
    sm2,
    anchor,
    trust,
    roots: anchor.roots.map((der) => new Uint8Array(Buffer.from(der, 'base64'))),
    crls: () => crls,
    envelopeSigners: envelopeKeys(ground),
    tls: (participant) => ({
      key: use(`participants/${participant}/tls.key.pem`, (pem) =>
        privateKey(pem).export({ format: 'pem', type: 'pkcs8' }).toString(),
      ),
      chain: use(`participants/${participant}/tls.chain.pem`, (pem) => {
        if (dersOfPem('CERTIFICATE', pem).length !== 2) throw new TypeError('not a leaf and an intermediate');
        return pem;
      }),
    }),
    link: (exchange) => ({
      signer: linkSigner(exchange, ground),
      verifier: linkVerifier(exchange, 'exchange', ground),
    }),
    mock(exchange) {
      if (demo) {
        return {
          signer: use(`mocks/${exchange}/exchange.key.pem`, (pem) => nativeSigner(pem, sm2, passphrase)),
          verifier: linkVerifier(exchange, 'gateway', ground),
        };
      }
      const en = 'Only a demo store holds the private key of an exchange';
      throw new KeyProblem(join(root, 'mocks', exchange), '只有演示密钥库才有交易所私钥', en, 'qiao demo');
    },
    logSigners: () => {
      const { origin } = anchor.log;
      return [
        use('log/checkpoint.key.pem', (pem) => {
          const key = privateKey(pem);
          return noteSigner(verifierKey(origin, 'ed25519', spkiOf(key)), (text) => sign(null, text, key));
        }),
        use('log/checkpoint-sm2.key.pem', (pem) => {
          const key = readSm2PrivateKey(pem, undefined, passphrase);
          const signer = sm2Signer(origin, key, sm2);
          return noteSigner(verifierKey(origin, 'sm2', key.public.spki), (text) => signer.sign(text));
        }),
      ];
    },
    witness: (exchange) =>
      use(`witnesses/${exchange}/cosign.key.pem`, (pem) => {
        const key = privateKey(pem);
        return {
          key: verifierKey(witnessName(exchange), 'cosignature', spkiOf(key)),
          sign: (bytes) => sign(null, bytes, key),
        };
      }),
    refresh() {
      const seen = watched();
      if (seen === stamp) return false;
      crls = readCrls();
      kept = new Map([...kept].filter(([file]) => !file.startsWith('participants/')));
      stamp = seen;
      trust.touch();
      return true;
    },
  };
}

function readAnchor(path: string, demo: boolean): TrustAnchor {
  const parsed = parseAnchor(readStoreFile(path));
  if (!parsed.ok)
    throw new KeyProblem(path, '信任锚不可用', 'The trust anchor cannot be used', shownFaults(parsed.refusals));
  // A demo anchor without the marker file would be production's.
  if (parsed.value.demo && !demo) {
    throw new KeyProblem(path, '这是演示用的信任锚', 'This trust anchor is for demonstration', INIT);
  }
  return parsed.value;
}

function readTrust(path: string, anchor: TrustAnchor, sm2: Sm2) {
  const read = readTrustList(readStoreFile(path), anchor, sm2);
  if (read.ok) return read.list;
  throw new KeyProblem(path, '信任清单不可用', 'The trust list cannot be used', shownFaults(read.faults));
}

function crlOf(path: string): Uint8Array {
  const [der] = dersOfPem('X509 CRL', readStoreFile(path).toString('utf8'));
  if (der === undefined) throw new KeyProblem(path, '吊销列表无法读取', 'This revocation list cannot be read', INIT);
  return der;
}

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}
