/**
 * Checkpoints (C2SP tlog-checkpoint v1): a signed note whose text names the log, its size and its root hash.
 *
 *     qiao/log
 *     20852163
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 * Extension lines are not written, and not read: nobody could audit them.
 */

import { decodeBase64 } from './note.ts';

/** Names our log; also the name of the keys that sign its checkpoints. */
export const ORIGIN = 'qiao/log';

export interface Checkpoint {
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: bigint;
  /** SHA-256 root of the RFC 6962 tree, 32 bytes. */
  readonly root: Uint8Array;
}

const SIZE = /^(?:0|[1-9]\d{0,18})$/;
const MOST_LEAVES = 2n ** 63n - 1n;

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/** @param text of a note whose signature is verified, or is about to be. Undefined when it is no checkpoint */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, sizeText, rootText, end, ...more] = text.split('\n');
  if (origin === undefined || origin === '' || end !== '' || more.length > 0) return undefined;
  const size = parseTreeSize(sizeText ?? '');
  const root = decodeBase64(rootText ?? '');
  return size === undefined || root?.length !== 32 ? undefined : { origin, size, root };
}

/** Decimal without leading zeros, below 2⁶³. */
export function parseTreeSize(text: string): bigint | undefined {
  if (!SIZE.test(text)) return undefined;
  const size = BigInt(text);
  return size <= MOST_LEAVES ? size : undefined;
}

export function isSameTree(one: Pick<Checkpoint, 'size' | 'root'>, other: Pick<Checkpoint, 'size' | 'root'>): boolean {
  return one.size === other.size && Buffer.compare(one.root, other.root) === 0;
}
