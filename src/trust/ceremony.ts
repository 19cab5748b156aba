/**
 * The beginning of a federation: three hierarchies, the log's keys, the gateway's own keys with their certificates, the
 * anchor, and version 1 of the trust list under the signatures of all operators, who are present. Roots' keys and operators'
 * keys go to the offline folder; the store gets nothing private but what the gateway uses itself.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { instantAt } from '../contract/dates.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { ORIGIN } from '../log/checkpoint.ts';
import { verifierKey, writeVerifierKey } from '../log/note.ts';
import { type Authorities, type AuthorityName, chainPem, crlPem, makeHierarchies, rootNames } from './hierarchies.ts';
import { writeStoreFile } from './keystore-files.ts';
import { issueLeaf } from './pki/authority.ts';
import { type KeyKind, makeKeyPem } from './pki/keys.ts';
import { pemOf } from './pki/pem.ts';
import { crlValidityMs, longestValidityMs } from './pki/policy.ts';
import { DEFAULT_SM2_ID } from './sm2.ts';
import { ANCHOR_FORMAT, parseAnchor, type TrustAnchor, writeAnchor } from './trust-anchor.ts';
import { TRUST_FORMAT } from './trust-list.ts';
import { kidOf, type LinkAlg, type LinkRecord, linkKidOf, type TrustRecord } from './trust-list-records.ts';
import { operatorSigner, signTrustList } from './trust-list-write.ts';

export interface Ceremony {
  /** The key store, and the folder that is taken away afterwards. Neither may hold a federation already. */
  readonly root: string;
  readonly offline: string;
  /** At least two; each chooses a passphrase of their own. */
  readonly operators: readonly { readonly name: string; readonly passphrase: string }[];
  /** Verifier keys of the exchanges' witnesses, which they made themselves. */
  readonly witnesses: readonly { readonly exchange: string; readonly key: string }[];
  /** Encrypts what stays in the store, and the roots' keys. */
  readonly passphrase: string;
  readonly offlinePassphrase: string;
  /** Names the gateway's TLS certificate is for. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
}

/** What each exchange's own protocol signs with (its profile, "Transport"), and who certifies such keys. */
export const LINKS: Readonly<
  Record<Exchange, { readonly alg: LinkAlg; readonly kind: KeyKind; readonly by: AuthorityName }>
> = {
  ctex: { alg: 'RS256', kind: 'rsa', by: 'rsa-signing' },
  stex: { alg: 'SM2-SM3', kind: 'sm2', by: 'sm2-signing' },
  szse: { alg: 'ES256', kind: 'p256', by: 'main-signing' },
};

const TITLE = '桥 Qiao federation';
const GATEWAY = '桥 联邦网关 / Qiao gateway';

/** @throws PolicyProblem for host names outside the policy */
export async function holdCeremony(ceremony: Ceremony): Promise<Checked<TrustAnchor>> {
  const { root, offline, nowMs, passphrase, offlinePassphrase } = ceremony;
  const taken = [join(root, 'anchor.json'), join(root, 'trust.json'), join(offline, 'main-root.key.pem')].find(
    existsSync,
  );
  if (taken !== undefined) return refused(refuse('state-forbids', '', taken));
  const from = new Date(Math.floor(nowMs / 1000) * 1000);
  const lasting = (ms: number) => ({ notBefore: from, notAfter: new Date(from.getTime() + ms) });
  const authorities = await makeHierarchies(
    TITLE,
    lasting(longestValidityMs('root')),
    lasting(longestValidityMs('intermediate')),
    false,
  );
  const store = new Map<string, string | Uint8Array>();
  const away = new Map<string, string>();
  for (const [name, authority] of authorities) {
    const isRoot = rootNames.includes(name);
    const { certificate, privateKeyPem } = authority;
    store.set(`ca/${name}.cert.pem`, pemOf('CERTIFICATE', certificate));
    const { notBefore, notAfter } = lasting(crlValidityMs(isRoot ? 'root' : 'intermediate'));
    store.set(`crl/${name}.crl.pem`, await crlPem(authority, 1, notBefore, notAfter, []));
    if (isRoot) away.set(`${name}.key.pem`, encrypted(privateKeyPem, offlinePassphrase));
    else store.set(`ca/${name}.key.pem`, encrypted(privateKeyPem, passphrase));
  }
  const keep = (path: string, kind: KeyKind): Buffer => {
    const pem = makeKeyPem(kind);
    store.set(path, encrypted(pem, passphrase));
    return spkiOf(pem);
  };
  const { entry, links } = await gatewayKeys(authorities, keep, store, ceremony, lasting);
  const operators = ceremony.operators.map((operator) => ({ ...operator, pem: makeKeyPem('ed25519') }));
  for (const { name, pem, passphrase: own } of operators) away.set(`operators/${name}.key.pem`, encrypted(pem, own));

  const anchor: TrustAnchor = {
    format: ANCHOR_FORMAT,
    demo: false,
    roots: rootNames.map((name) => base64(authorities.get(name)!.certificate)),
    operators: operators.map(({ name, pem }) => ({ name, spki: base64(spkiOf(pem)) })),
    operatorQuorum: 2,
    log: {
      origin: ORIGIN,
      keys: [
        writeVerifierKey(verifierKey(ORIGIN, 'ed25519', keep('log/checkpoint.key.pem', 'ed25519'))),
        writeVerifierKey(verifierKey(ORIGIN, 'sm2', keep('log/checkpoint-sm2.key.pem', 'sm2'))),
      ],
    },
    witnesses: ceremony.witnesses,
    quorum: Math.floor(ceremony.witnesses.length / 2) + 1,
  };
  const written = writeAnchor(anchor);
  // Names and keys of operators and witnesses come from outside; the file says itself whether it can be used.
  const checked = parseAnchor(Buffer.from(written, 'utf8'));
  if (!checked.ok) return checked;
  const trust = await signTrustList(
    { format: TRUST_FORMAT, version: 1, issuedAt: instantAt(from.getTime()), prev: null, entries: [entry], links },
    operators.map(({ name, pem }) => operatorSigner(name, createPrivateKey(pem))),
  );
  store.set('anchor.json', written);
  store.set('trust/1.json', trust);
  for (const [path, content] of away) writeStoreFile(join(offline, path), content);
  for (const [path, content] of store) writeStoreFile(join(root, path), content);
  // Last: only now is it a store.
  writeStoreFile(join(root, 'trust.json'), trust);
  return accepted(anchor);
}

/** The gateway's keys for envelopes, TLS and each exchange's protocol, with certificates. */
async function gatewayKeys(
  authorities: Authorities,
  keep: (path: string, kind: KeyKind) => Buffer,
  store: Map<string, string | Uint8Array>,
  { hosts }: Ceremony,
  lasting: (ms: number) => { readonly notBefore: Date; readonly notAfter: Date },
): Promise<{ readonly entry: TrustRecord; readonly links: readonly LinkRecord[] }> {
  const validity = lasting(longestValidityMs('leaf', 'signing'));
  const term = {
    notBefore: instantAt(validity.notBefore.getTime()),
    notAfter: instantAt(validity.notAfter.getTime()),
    status: 'active',
  } as const;
  const leaf = async (by: AuthorityName, spki: Uint8Array) => {
    const issuer = authorities.get(by)!;
    const common = { participant: 'qiao', name: GATEWAY, spki };
    const made =
      by === 'main-tls'
        ? await issueLeaf(issuer, {
            ...common,
            purpose: 'tls',
            validity: lasting(longestValidityMs('leaf', 'tls')),
            hosts,
          })
        : await issueLeaf(issuer, { ...common, purpose: 'signing', validity });
    return [made, issuer.certificate] as const;
  };
  const spki = keep('participants/qiao/envelope.key.pem', 'ed25519');
  const chain = await leaf('main-signing', spki);
  const entry: TrustRecord = {
    participant: 'qiao',
    kid: kidOf('qiao', 'Ed25519', spki),
    alg: 'Ed25519',
    ...term,
    spki: base64(spki),
    chain: [base64(chain[0]), base64(chain[1])],
  };
  const tls = await leaf('main-tls', keep('participants/qiao/tls.key.pem', 'p256'));
  store.set('participants/qiao/tls.chain.pem', chainPem(...tls));
  const links: LinkRecord[] = [];
  for (const exchange of exchanges) {
    const { alg, kind, by } = LINKS[exchange];
    const key = keep(`links/${exchange}/gateway.key.pem`, kind);
    store.set(`links/${exchange}/gateway.cert.pem`, chainPem(...(await leaf(by, key))));
    const sm2Id = alg === 'SM2-SM3' ? { sm2Id: DEFAULT_SM2_ID } : {};
    const kid = linkKidOf(exchange, 'gateway', alg, key);
    links.push({ exchange, side: 'gateway', kid, alg, ...term, spki: base64(key), ...sm2Id });
  }
  return { entry, links };
}

/** PKCS#8 under a passphrase: PBES2 with AES-256. */
export function encrypted(pem: string, passphrase: string): string {
  const key = createPrivateKey(pem);
  return key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }).toString();
}

function spkiOf(pem: string): Buffer {
  return createPublicKey(createPrivateKey(pem)).export({ format: 'der', type: 'spki' });
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
