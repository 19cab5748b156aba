/** The federation's three hierarchies as files: which authorities there are, what they are called, what a ceremony makes. */

import { type Authority, makeCrl, makeIntermediate, makeRoot } from './pki/authority.ts';
import type { Revoked } from './pki/crl.ts';
import { pemOf } from './pki/pem.ts';
import type { Validity } from './pki/policy.ts';
import type { HierarchyKind, LeafPurpose } from './pki/profile.ts';

/** `main` is ECDSA and Ed25519; `rsa` and `sm2` are for protocols that ask for them. */
export const hierarchies = ['main', 'rsa', 'sm2'] as const;
export type Hierarchy = (typeof hierarchies)[number];

const KINDS: Readonly<Record<Hierarchy, HierarchyKind>> = { main: 'ec', rsa: 'rsa', sm2: 'sm2' };
const BRANCHES: Readonly<Record<Hierarchy, readonly LeafPurpose[]>> = {
  main: ['signing', 'tls'],
  rsa: ['signing'],
  sm2: ['signing'],
};

/** `main-root`, `main-signing`, `main-tls`, `rsa-root` …: also the file names. */
export type AuthorityName = `${Hierarchy}-${'root' | LeafPurpose}`;

export const rootNames: readonly AuthorityName[] = hierarchies.map((hierarchy) => `${hierarchy}-root` as const);
export const intermediateNames: readonly AuthorityName[] = hierarchies.flatMap((hierarchy) =>
  BRANCHES[hierarchy].map((purpose) => `${hierarchy}-${purpose}` as const),
);

export function kindOf(name: AuthorityName): HierarchyKind {
  return KINDS[name.split('-')[0] as Hierarchy];
}

export type Authorities = ReadonlyMap<AuthorityName, Authority>;

/** Makes every root and every intermediate. */
export async function makeHierarchies(
  title: string,
  root: Validity,
  intermediate: Validity,
  demo: boolean,
): Promise<Authorities> {
  const made = new Map<AuthorityName, Authority>();
  for (const hierarchy of hierarchies) {
    const above = await makeRoot(KINDS[hierarchy], `${title} ${hierarchy} root`, root);
    made.set(`${hierarchy}-root`, { ...above, demo });
    for (const purpose of BRANCHES[hierarchy]) {
      const below = await makeIntermediate(above, purpose, `${title} ${hierarchy} ${purpose}`, intermediate);
      made.set(`${hierarchy}-${purpose}`, { ...below, demo });
    }
  }
  return made;
}

/** One authority's revocation list, PEM. */
export async function crlPem(
  issuer: Authority,
  number: number,
  thisUpdate: Date,
  nextUpdate: Date,
  revoked: readonly Revoked[],
): Promise<string> {
  return pemOf('X509 CRL', await makeCrl(issuer, { number, thisUpdate, nextUpdate, revoked }));
}

/** Leaf first, as TLS wants it. */
export function chainPem(leaf: Uint8Array, intermediate: Uint8Array): string {
  return pemOf('CERTIFICATE', leaf) + pemOf('CERTIFICATE', intermediate);
}
