/** What the key store holds for mutual TLS, put together for one side. */

import { X509Certificate } from 'node:crypto';
import type { Exchange } from '../contract/exchange.ts';
import type { MockTls } from '../contract/mock.ts';
import type { KeyStore } from './keystore.ts';
import { readCrl } from './pki/crl.ts';
import { dersOfPem, pemOf } from './pki/pem.ts';
import type { TlsMaterial } from './tls.ts';

type Store = Pick<KeyStore, 'tls' | 'roots' | 'crls'>;

/**
 * A participant's own key and chain, and what peers are judged by. Peers come from the authority that issued our own
 * certificate; while that authority changes, the chain file names the other one behind it. @throws KeyProblem
 */
export function tlsMaterialOf(store: Store, participant: string): TlsMaterial {
  const { key, chain } = store.tls(participant);
  const issuers = dersOfPem('CERTIFICATE', chain).slice(1);
  const roots = store.roots.filter((root) => issuers.some((issuer) => isIssuedBy(issuer, root)));
  return { key, chain, roots, issuers, crls: store.crls() };
}

/** The exchange's side of its lines, for its mock. @throws KeyProblem */
export function mockTlsOf(store: Store & Pick<KeyStore, 'trust'>, exchange: Exchange): MockTls {
  const { key, chain, roots, issuers } = tlsMaterialOf(store, exchange);
  let generation = -1;
  let revoked: ReadonlySet<string> = new Set();
  return {
    key,
    chain,
    root: pemOf('CERTIFICATE', roots[0]!),
    issuer: pemOf('CERTIFICATE', issuers[0]!),
    peer: 'qiao',
    revoked: () => {
      if (generation !== store.trust.generation) {
        generation = store.trust.generation;
        revoked = new Set(
          store.crls().flatMap((crl) => (readCrl(crl)?.revoked ?? []).map(({ serial }) => serial.toUpperCase())),
        );
      }
      return revoked;
    },
  };
}

function isIssuedBy(below: Uint8Array, above: Uint8Array): boolean {
  return new X509Certificate(below).checkIssued(new X509Certificate(above));
}
