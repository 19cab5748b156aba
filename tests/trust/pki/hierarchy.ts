import { type Authority, issueLeaf, makeCrl, makeIntermediate, makeRoot } from '../../../src/trust/pki/authority.ts';
import { readCertificate } from '../../../src/trust/pki/certificate.ts';
import type { RevocationReason } from '../../../src/trust/pki/crl.ts';
import { type KeyKind, makeKeyPem, readPrivateKey } from '../../../src/trust/pki/keys.ts';
import type { Chain, PathCheck, PathPurpose } from '../../../src/trust/pki/path.ts';
import type { HierarchyKind } from '../../../src/trust/pki/profile.ts';
import { nativeSm2 } from '../../../src/trust/sm2.ts';
import type { Target } from './defects.ts';
import { resigned } from './edit.ts';

/** The instant that is judged: everything below holds then. */
export const AT = new Date('2026-07-01T12:00:00Z');
const CRL_TIMES = { thisUpdate: new Date('2026-07-01T00:00:00Z'), nextUpdate: new Date('2026-07-02T00:00:00Z') };
const LONG = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2031-01-01T00:00:00Z') };

export interface Hierarchy {
  readonly root: Authority;
  readonly intermediate: Authority;
  readonly leaf: Uint8Array;
  readonly leafKeyPem: string;
  readonly rootCrl: Uint8Array;
  readonly leafCrl: Uint8Array;
}

/** root → intermediate → ctex's leaf, with a CRL of each authority that names nobody. */
export async function makeHierarchy(kind: HierarchyKind, key: KeyKind, purpose: 'signing' | 'tls' = 'signing') {
  const root = await makeRoot(kind, '桥 测试根 / test root', LONG);
  const intermediate = await makeIntermediate(root, purpose, `桥 测试 / test ${purpose}`, LONG);
  const leafKeyPem = makeKeyPem(key);
  const leaf = await issueLeaf(intermediate, {
    participant: 'ctex',
    purpose,
    name: '中国技术交易所',
    spki: readPrivateKey(leafKeyPem).spki,
    validity: { notBefore: new Date('2026-06-01T00:00:00Z'), notAfter: new Date('2026-08-30T00:00:00Z') },
    ...(purpose === 'tls' ? { hosts: ['localhost', 'gateway.ctex.example', '127.0.0.1', '::1'] } : {}),
  });
  const [rootCrl, leafCrl] = await Promise.all([crlOf(root), crlOf(intermediate)]);
  return { root, intermediate, leaf, leafKeyPem, rootCrl, leafCrl } satisfies Hierarchy;
}

export function crlOf(issuer: Authority, ...revoked: readonly Uint8Array[]): Promise<Uint8Array> {
  const at = new Date('2026-06-30T00:00:00Z');
  const reason: RevocationReason = 'keyCompromise';
  const entries = revoked.map((der) => ({ serial: readCertificate(der)!.serial, at, reason }));
  return makeCrl(issuer, { number: 7, ...CRL_TIMES, revoked: entries });
}

export function chainOf({ leaf, intermediate }: Hierarchy): Chain {
  return { leaf, intermediate: intermediate.certificate };
}

export function checkOf(hierarchy: Hierarchy, changed: Partial<PathCheck> = {}): PathCheck {
  return {
    roots: [hierarchy.root.certificate],
    crls: [hierarchy.rootCrl, hierarchy.leafCrl],
    atMs: AT.getTime(),
    purpose: 'signing' satisfies PathPurpose,
    participant: 'ctex',
    sm2: nativeSm2,
    ...changed,
  };
}

/** The path with one part edited and signed by who would have signed it. */
export function spoilt(good: Hierarchy, target: Target, edit: Parameters<typeof resigned>[2]) {
  const { root, intermediate } = good;
  const signer = target === 'leaf' || target === 'leafCrl' ? intermediate : root;
  const edited = (der: Uint8Array, name: Target): Uint8Array =>
    name === target ? resigned(der, signer.privateKeyPem, edit) : der;
  return {
    chain: { leaf: edited(good.leaf, 'leaf'), intermediate: edited(intermediate.certificate, 'intermediate') },
    check: checkOf(good, {
      roots: [edited(root.certificate, 'root')],
      crls: [edited(good.rootCrl, 'rootCrl'), edited(good.leafCrl, 'leafCrl')],
    }),
  };
}
