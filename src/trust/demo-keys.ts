/**
 * The demo key store: every key of every side, made at the first start so that the road can be walked on one machine.
 * One party holding all keys is exactly what production must never have: hence the marker file and its refusal there.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exchangeNames, exchanges } from '../contract/exchange.ts';
import type { Alg } from '../envelope/jws.ts';
import { makeDemoCertificates } from './certificates.ts';
import { DEFAULT_SM2_ID, makeSm2Pem } from './sm2.ts';
import { kidOf, type TrustRecord, writeTrustList } from './trust-list.ts';

/** What each exchange's own protocol signs with (its profile, "Transport"). */
const LINK_KEYS = { ctex: makeRsaPem, stex: makeSm2Pem, szse: makeP256Pem } as const;
const NOTICE = `演示密钥：各方私钥同在一处，仅供演示，生产环境拒绝使用。
Demo keys: the private keys of all sides in one place. For demonstration only; production refuses them.
`;

/**
 * Makes a whole store at `root`, all or nothing: two processes that start at once end up with one and the same.
 * @param root a folder that does not exist yet; its parent is made if need be
 */
export async function makeDemoStore(root: string, now: Date): Promise<void> {
  const parent = dirname(root);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const making = join(parent, `.making-${process.pid}-${randomBytes(6).toString('hex')}`);
  mkdirSync(making, { mode: 0o700 });
  try {
    for (const [path, content] of demoFiles(now)) writeDurably(join(making, path), content);
    renameSync(making, root); // fails when the other process was first, whose store is as good
  } catch (cause) {
    rmSync(making, { recursive: true, force: true });
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
  }
}

/** Path → content of every file. */
function demoFiles(now: Date): ReadonlyMap<string, string> {
  const files = new Map<string, string>([['DEMO', NOTICE]]);
  // Wide enough that samples and rehearsals dated around now are inside; production keys live a year (certs/policy.json).
  const year = new Date(now.getTime() + 8 * 3_600_000).getUTCFullYear();
  const notBefore = `${year - 1}-01-01T00:00:00+08:00`;
  const notAfter = `${year + 5}-01-01T00:00:00+08:00`;
  const records: TrustRecord[] = [];
  for (const participant of ['qiao', ...exchanges]) {
    const ed25519 = pemOf(generateKeyPairSync('ed25519').privateKey);
    const sm2 = makeSm2Pem();
    files.set(`participants/${participant}/envelope.key.pem`, ed25519);
    files.set(`participants/${participant}/envelope-sm2.key.pem`, sm2);
    for (const [alg, pem] of [
      ['Ed25519', ed25519],
      ['SM2-SM3', sm2],
    ] as const satisfies [Alg, string][]) {
      const spki = createPublicKey(createPrivateKey(pem)).export({ format: 'der', type: 'spki' });
      const common = {
        participant,
        kid: kidOf(participant, alg, spki),
        alg,
        notBefore,
        notAfter,
        status: 'active',
      } as const;
      const sm2Id = alg === 'SM2-SM3' ? { sm2Id: DEFAULT_SM2_ID } : {};
      records.push({ ...common, spki: spki.toString('base64'), ...sm2Id });
    }
  }
  files.set('trust.json', writeTrustList(records));
  for (const exchange of exchanges) {
    const gateway = LINK_KEYS[exchange]();
    const own = LINK_KEYS[exchange]();
    files.set(`links/${exchange}/gateway.key.pem`, gateway);
    files.set(`links/${exchange}/exchange.pub.pem`, publicPem(own));
    files.set(`mocks/${exchange}/exchange.key.pem`, own);
    files.set(`mocks/${exchange}/gateway.pub.pem`, publicPem(gateway));
    if (exchange !== 'ctex') continue;
    const { rootPem, leafPems } = makeDemoCertificates(
      [
        { participant: 'qiao', name: '桥 联邦网关 / Qiao gateway (demo)', publicKeyPem: publicPem(gateway) },
        { participant: exchange, name: `${exchangeNames[exchange].zh} (demo)`, publicKeyPem: publicPem(own) },
      ],
      { notBefore: new Date(notBefore), notAfter: new Date(notAfter) },
    );
    files.set('links/ctex/root.cert.pem', rootPem);
    files.set('links/ctex/gateway.cert.pem', leafPems[0] ?? '');
    files.set('links/ctex/exchange.cert.pem', leafPems[1] ?? '');
  }
  return files;
}

function makeRsaPem(): string {
  return pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
}

function makeP256Pem(): string {
  return pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

function pemOf(key: ReturnType<typeof createPrivateKey>): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function publicPem(privatePem: string): string {
  return createPublicKey(createPrivateKey(privatePem)).export({ format: 'pem', type: 'spki' }).toString();
}

/** Private keys for the owner only; on disk before the store appears under its name. */
function writeDurably(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'wx', path.endsWith('.key.pem') ? 0o600 : 0o644);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
