/**
 * The demo key store: every key of every side, made at the first start so that the road can be walked on one machine.
 * One party holding all keys is exactly what production must never have: hence the marker file and its refusal there.
 */

import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { exchangeNames, exchanges, type Participant } from '../contract/exchange.ts';
import type { Alg } from '../envelope/jws.ts';
import { ORIGIN } from '../log/checkpoint.ts';
import { verifierKey, writeVerifierKey } from '../log/note.ts';
import { LINKS } from './ceremony.ts';
import { type Authorities, type AuthorityName, chainPem, crlPem, makeHierarchies, rootNames } from './hierarchies.ts';
import { writeStoreFile } from './keystore-files.ts';
import { issueLeaf } from './pki/authority.ts';
import { makeKeyPem } from './pki/keys.ts';
import { pemOf } from './pki/pem.ts';
import { DEFAULT_SM2_ID } from './sm2.ts';
import { ANCHOR_FORMAT, type TrustAnchor, witnessName, writeAnchor } from './trust-anchor.ts';
import { TRUST_FORMAT } from './trust-list.ts';
import { kidOf, type LinkRecord, linkKidOf, type TrustRecord } from './trust-list-records.ts';
import { operatorSigner, signTrustList } from './trust-list-write.ts';

/** Whose own protocol is SM2 signs envelopes with it too. */
const WITH_SM2: ReadonlySet<string> = new Set<Participant>(['stex']);
const DEMO_OPERATORS = ['demo-a', 'demo-b'] as const;
const NOTICE = `演示密钥：各方私钥同在一处，仅供演示，生产环境拒绝使用。
Demo keys: the private keys of all sides in one place. For demonstration only; production refuses them.
`;
const TITLE = '桥 演示 Qiao demo';

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
    for (const [path, content] of await demoFiles(now)) writeStoreFile(join(making, path), content);
    renameSync(making, root); // fails when the other process was first, whose store is as good
  } catch (cause) {
    rmSync(making, { recursive: true, force: true });
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
  }
}

/** Path → content of every file. */
async function demoFiles(now: Date): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>([['DEMO', NOTICE]]);
  // Wide enough that samples and rehearsals dated around now are inside; production keys live a year (certs/policy.json).
  const year = new Date(now.getTime() + 8 * 3_600_000).getUTCFullYear();
  const from = `${year - 1}-01-01T00:00:00+08:00`;
  const until = `${year + 5}-01-01T00:00:00+08:00`;
  const validity = { notBefore: new Date(from), notAfter: new Date(until) };
  const term = { notBefore: from, notAfter: until, status: 'active' } as const;

  // RSA keys take longest: all at once, on other threads.
  const [rsaOfGateway, rsaOfExchange, authorities] = await Promise.all([
    makeRsaPem(),
    makeRsaPem(),
    makeHierarchies(TITLE, validity, validity, true),
  ]);
  for (const [name, { certificate, privateKeyPem }] of authorities) {
    files.set(`ca/${name}.cert.pem`, pemOf('CERTIFICATE', certificate));
    files.set(`${rootNames.includes(name) ? 'offline' : 'ca'}/${name}.key.pem`, privateKeyPem);
    const authority = authorities.get(name)!;
    files.set(`crl/${name}.crl.pem`, await crlPem(authority, 1, validity.notBefore, validity.notAfter, []));
  }
  const leaf = async (by: AuthorityName, participant: string, name: string, spki: Uint8Array) => {
    const issuer = authorities.get(by)!;
    const tls = by === 'main-tls';
    const made = await issueLeaf(issuer, {
      participant,
      purpose: tls ? 'tls' : 'signing',
      name,
      spki,
      validity,
      ...(tls ? { hosts: ['localhost', '127.0.0.1'] } : {}),
    });
    return [made, issuer.certificate] as const;
  };

  const entries: TrustRecord[] = [];
  for (const participant of ['qiao', ...exchanges] as const) {
    const folder = `participants/${participant}`;
    for (const alg of WITH_SM2.has(participant) ? (['Ed25519', 'SM2-SM3'] as const) : (['Ed25519'] as const)) {
      const pem = alg === 'Ed25519' ? makeKeyPem('ed25519') : makeKeyPem('sm2');
      files.set(`${folder}/envelope${alg === 'Ed25519' ? '' : '-sm2'}.key.pem`, pem);
      const by = alg === 'Ed25519' ? 'main-signing' : 'sm2-signing';
      entries.push(
        await entryOf(participant, alg, pem, term, (spki) => leaf(by, participant, titleOf(participant), spki)),
      );
    }
    const tls = makeKeyPem('p256');
    files.set(`${folder}/tls.key.pem`, tls);
    files.set(
      `${folder}/tls.chain.pem`,
      chainPem(...(await leaf('main-tls', participant, titleOf(participant), spkiOf(tls)))),
    );
  }

  const links: LinkRecord[] = [];
  for (const exchange of exchanges) {
    const { alg, kind, by } = LINKS[exchange];
    const keys = {
      gateway: kind === 'rsa' ? rsaOfGateway : makeKeyPem(kind),
      exchange: kind === 'rsa' ? rsaOfExchange : makeKeyPem(kind),
    };
    files.set(`links/${exchange}/gateway.key.pem`, keys.gateway);
    files.set(`mocks/${exchange}/exchange.key.pem`, keys.exchange);
    for (const side of ['gateway', 'exchange'] as const) {
      const spki = spkiOf(keys[side]);
      const owner = side === 'gateway' ? 'qiao' : exchange;
      files.set(`links/${exchange}/${side}.cert.pem`, chainPem(...(await leaf(by, owner, titleOf(owner), spki))));
      const sm2Id = alg === 'SM2-SM3' ? { sm2Id: DEFAULT_SM2_ID } : {};
      const kid = linkKidOf(exchange, side, alg, spki);
      links.push({ exchange, side, kid, alg, ...term, spki: spki.toString('base64'), ...sm2Id });
    }
  }

  const operators = DEMO_OPERATORS.map((name) => ({ name, pem: makeKeyPem('ed25519') }));
  for (const { name, pem } of operators) files.set(`operators/${name}.key.pem`, pem);
  const anchor = anchorOf(files, authorities, operators);
  files.set('anchor.json', writeAnchor(anchor));
  const trust = await signTrustList(
    { format: TRUST_FORMAT, version: 1, issuedAt: from, prev: null, entries, links },
    operators.map(({ name, pem }) => operatorSigner(name, createPrivateKey(pem))),
  );
  files.set('trust.json', trust);
  files.set('trust/1.json', trust);
  return files;
}

/** Makes the log's and the witnesses' keys, too: it names them. */
function anchorOf(
  files: Map<string, string | Uint8Array>,
  authorities: Authorities,
  operators: readonly { readonly name: string; readonly pem: string }[],
): TrustAnchor {
  const [checkpoint, checkpointSm2] = [makeKeyPem('ed25519'), makeKeyPem('sm2')];
  files.set('log/checkpoint.key.pem', checkpoint);
  files.set('log/checkpoint-sm2.key.pem', checkpointSm2);
  const witnesses = exchanges.map((exchange) => ({ exchange, pem: makeKeyPem('ed25519') }));
  for (const { exchange, pem } of witnesses) files.set(`witnesses/${exchange}/cosign.key.pem`, pem);
  return {
    format: ANCHOR_FORMAT,
    demo: true,
    roots: rootNames.map((name) => base64(authorities.get(name)!.certificate)),
    operators: operators.map(({ name, pem }) => ({ name, spki: base64(spkiOf(pem)) })),
    operatorQuorum: 2,
    log: {
      origin: ORIGIN,
      keys: [
        writeVerifierKey(verifierKey(ORIGIN, 'ed25519', spkiOf(checkpoint))),
        writeVerifierKey(verifierKey(ORIGIN, 'sm2', spkiOf(checkpointSm2))),
      ],
    },
    witnesses: witnesses.map(({ exchange, pem }) => ({
      exchange,
      key: writeVerifierKey(verifierKey(witnessName(exchange), 'cosignature', spkiOf(pem))),
    })),
    quorum: 2,
  };
}

async function entryOf(
  participant: string,
  alg: Alg,
  pem: string,
  term: Pick<TrustRecord, 'notBefore' | 'notAfter' | 'status'>,
  certify: (spki: Uint8Array) => Promise<readonly [Uint8Array, Uint8Array]>,
): Promise<TrustRecord> {
  const spki = spkiOf(pem);
  const [leaf, intermediate] = await certify(spki);
  const sm2Id = alg === 'SM2-SM3' ? { sm2Id: DEFAULT_SM2_ID } : {};
  const kid = kidOf(participant, alg, spki);
  const chain = [base64(leaf), base64(intermediate)] as const;
  return { participant, kid, alg, ...term, spki: base64(spki), ...sm2Id, chain };
}

function titleOf(participant: Participant): string {
  return participant === 'qiao' ? '桥 联邦网关 / Qiao gateway (demo)' : `${exchangeNames[participant].zh} (demo)`;
}

const generate = promisify(generateKeyPair);

async function makeRsaPem(): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function spkiOf(privatePem: string): Buffer {
  return createPublicKey(createPrivateKey(privatePem)).export({ format: 'der', type: 'spki' });
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
