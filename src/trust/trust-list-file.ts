/** `trust.json` and the versions kept beside it, `trust/<version>.json`, as a way from the version in force to the newest. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readStoreFile } from './keystore-files.ts';
import type { Sm2 } from './sm2.ts';
import type { TrustAnchor } from './trust-anchor.ts';
import { type LocalTrustList, readTrustList, type TrustListFault, trustFault } from './trust-list.ts';
import { successionFault } from './trust-list-succession.ts';

export interface TrustFiles {
  readonly root: string;
  readonly anchor: TrustAnchor;
  readonly sm2: Sm2;
}

export type Continuation =
  | { readonly ok: true; readonly lists: readonly LocalTrustList[] }
  | { readonly ok: false; readonly faults: readonly TrustListFault[] };

/**
 * The versions after `current` up to that of `newest` (the bytes of trust.json), each verified and continuing the one
 * before; none when it is the one in force. A gateway that was away while several came into force finds them all.
 */
export function continuation(current: LocalTrustList, newest: Uint8Array, files: TrustFiles): Continuation {
  const read = readTrustList(newest, files.anchor, files.sm2);
  if (!read.ok) return read;
  const lists: LocalTrustList[] = [];
  let last = current;
  while (last.version + 1 < read.list.version) {
    const between = readVersion(last.version + 1, files);
    if (between === undefined)
      return { ok: false, faults: [trustFault('list-gap', '/version', `${last.version + 1}`)] };
    if (!between.ok) return between;
    const fault = successionFault(between.list, last);
    if (fault !== undefined) return { ok: false, faults: [fault] };
    lists.push(between.list);
    last = between.list;
  }
  const fault = successionFault(read.list, last);
  if (fault !== undefined) return { ok: false, faults: [fault] };
  return { ok: true, lists: read.list.version === last.version ? lists : [...lists, read.list] };
}

/** Versions before the one in force, oldest first, as far back as they are kept without a gap. */
export function versionsBefore(list: LocalTrustList, files: TrustFiles): readonly LocalTrustList[] {
  const before: LocalTrustList[] = [];
  for (let next = list; next.version > 1; ) {
    const read = readVersion(next.version - 1, files);
    if (!read?.ok || successionFault(next, read.list) !== undefined) break;
    before.unshift(read.list);
    next = read.list;
  }
  return before;
}

function readVersion(version: number, { root, anchor, sm2 }: TrustFiles) {
  const path = join(root, 'trust', `${version}.json`);
  return existsSync(path) ? readTrustList(readStoreFile(path), anchor, sm2) : undefined;
}
