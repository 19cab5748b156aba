/** The trust list in force in this process: swapped as a whole, and those who hold something open are told. */

import type { TrustEntry, TrustList } from '../envelope/jws.ts';
import type { LocalTrustList } from './trust-list.ts';
import type { LinkRecord } from './trust-list-records.ts';

export interface LiveTrust extends TrustList {
  /** The version in force. */
  readonly current: LocalTrustList;
  /** See {@link LocalTrustList.validAt}; always asked of the version in force. */
  validAt(kid: string, atMs: number): TrustEntry | undefined;
  linkKeysAt(exchange: string, side: LinkRecord['side'], atMs: number): readonly LinkRecord[];
  /** Grows with every change of the list, of certificates and of revocation lists. */
  readonly generation: number;
  /** Puts a verified version in force; that it may follow, the caller has seen to. */
  swap(next: LocalTrustList): void;
  /** Certificates or revocation lists have changed under the same list. */
  touch(): void;
  /** Called after every change; gives what ends it. What it throws goes to nobody else. */
  onChange(listener: () => void): () => void;
}

export function openLiveTrust(first: LocalTrustList, onFault: (error: unknown) => void = () => {}): LiveTrust {
  let current = first;
  let generation = 0;
  const listeners = new Set<() => void>();
  const tell = () => {
    generation += 1;
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        onFault(error);
      }
    }
  };
  return {
    get current() {
      return current;
    },
    get generation() {
      return generation;
    },
    find: (kid) => current.find(kid),
    keysOf: (participant) => current.keysOf(participant),
    validAt: (kid, atMs) => current.validAt(kid, atMs),
    linkKeysAt: (exchange, side, atMs) => current.linkKeysAt(exchange, side, atMs),
    swap(next) {
      current = next;
      tell();
    },
    touch: tell,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
