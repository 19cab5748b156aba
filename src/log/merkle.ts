/**
 * The Merkle tree of RFC 6962, section 2.1 (the same as RFC 9162, 2.1), over SHA-256: hashes, proofs and their checks.
 *
 * Sizes and indices are bigint, hashes 32 bytes. A subtree is complete when it has 2^level leaves and begins at a
 * multiple of that; such hashes never change, so they are what a journal keeps. Everything else is made of them.
 */

import { hash } from 'node:crypto';

/** The complete subtree over the leaves `index`·2^level to (`index` + 1)·2^level − 1; level 0 is a leaf. */
export interface NodeAt {
  readonly level: number;
  readonly index: bigint;
}

export interface TreeNode extends NodeAt {
  readonly hash: Uint8Array;
}

/** A whole tree in little: its size, and the complete subtrees that make it up, largest first. */
export interface Edge {
  readonly size: bigint;
  readonly peaks: readonly Uint8Array[];
}

/** Leaves `from` to `to` − 1. */
interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

export const EMPTY_TREE: Edge = { size: 0n, peaks: [] };
export const HASH_LENGTH = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(leaf: Uint8Array): Uint8Array {
  return hash('sha256', Buffer.concat([LEAF, leaf]), 'buffer');
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}

/** Appends leaves by their hashes: the new tree, and every subtree that they completed (level 1 and above). */
export function append(tree: Edge, leaves: readonly Uint8Array[]): { tree: Edge; completed: readonly TreeNode[] } {
  const peaks = [...tree.peaks];
  const completed: TreeNode[] = [];
  let size = tree.size;
  for (const leaf of leaves) {
    let node = leaf;
    let level = 0;
    // As many subtrees are completed as the old size ends in ones (binary).
    for (let rest = size; rest & 1n; rest >>= 1n) {
      node = nodeHash(peaks.pop()!, node);
      level += 1;
      completed.push({ level, index: size >> BigInt(level), hash: node });
    }
    peaks.push(node);
    size += 1n;
  }
  return { tree: { size, peaks }, completed };
}

/** The root hash; of an empty tree SHA-256 of nothing. */
export function rootOf({ peaks }: Pick<Edge, 'peaks'>): Uint8Array {
  return peaks.length === 0 ? hash('sha256', new Uint8Array(), 'buffer') : joined(peaks);
}

/** The complete subtrees that make up a tree of that size, largest first. */
export function peaksOf(size: bigint): readonly NodeAt[] {
  return completeIn({ from: 0n, to: size });
}

/**
 * Which complete subtrees the audit path of a leaf is made of: for each hash of the proof, those it is joined from.
 * @throws RangeError when there is no such leaf in a tree of that size
 */
export function inclusionParts(index: bigint, size: bigint): readonly (readonly NodeAt[])[] {
  if (index < 0n || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const path: Span[] = [];
  let from = 0n;
  for (let to = size; to - from > 1n; ) {
    const middle = from + leftSize(to - from);
    path.push(index < middle ? { from: middle, to } : { from, to: middle });
    if (index < middle) to = middle;
    else from = middle;
  }
  return path.reverse().map(completeIn);
}

/**
 * The same for the proof that the tree of `from` leaves is the beginning of the tree of `to`.
 * @throws RangeError unless 0 < from ≤ to: of an empty tree there is nothing to prove
 */
export function consistencyParts(from: bigint, to: bigint): readonly (readonly NodeAt[])[] {
  if (from <= 0n || from > to) throw new RangeError(`no consistency proof from ${from} to ${to}`);
  const path: Span[] = [];
  let low = 0n;
  let high = to;
  while (from !== high) {
    const middle = low + leftSize(high - low);
    path.push(from <= middle ? { from: middle, to: high } : { from: low, to: middle });
    if (from <= middle) high = middle;
    else low = middle;
  }
  // A complete old tree is known to who asks; only a part of it must be given.
  if (low > 0n) path.push({ from: low, to: high });
  return path.reverse().map(completeIn);
}

/** One hash of a proof from the subtrees it is made of, left to right. */
export function joined(subtrees: readonly Uint8Array[]): Uint8Array {
  return subtrees.reduceRight((right, left) => nodeHash(left, right));
}

/** Whether the proof shows that the leaf stands at that index of the tree with that root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0n || index >= size || !areHashes([leaf, root, ...proof])) return false;
  let at = index;
  let last = size - 1n;
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      node = nodeHash(sibling, node);
      // At the right edge levels without a sibling are passed over.
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else node = nodeHash(node, sibling);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && isSame(node, root);
}

/** Whether the proof shows that the one tree is the beginning of the other (RFC 9162, 2.1.4.2). From 0 proves nothing. */
export function verifyConsistency(
  from: bigint,
  to: bigint,
  proof: readonly Uint8Array[],
  fromRoot: Uint8Array,
  toRoot: Uint8Array,
): boolean {
  if (from <= 0n || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === to) return proof.length === 0 && isSame(fromRoot, toRoot);
  const isComplete = (from & (from - 1n)) === 0n;
  const [first, ...rest] = isComplete ? [fromRoot, ...proof] : proof;
  if (first === undefined) return false;
  let [at, last] = [from - 1n, to - 1n];
  while (at & 1n) [at, last] = [at >> 1n, last >> 1n];
  let [older, newer] = [first, first];
  for (const sibling of rest) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else newer = nodeHash(newer, sibling);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && isSame(older, fromRoot) && isSame(newer, toRoot);
}

/** The complete subtrees of a span that begins where a subtree of its size may begin. */
function completeIn({ from, to }: Span): readonly NodeAt[] {
  const nodes: NodeAt[] = [];
  let at = from;
  for (let level = (to - from).toString(2).length - 1; level >= 0; level--) {
    const size = 1n << BigInt(level);
    if (to - at < size) continue;
    nodes.push({ level, index: at / size });
    at += size;
  }
  return nodes;
}

/** The largest power of two below `size`: the left subtree (RFC 6962, 2.1). */
function leftSize(size: bigint): bigint {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every(({ length }) => length === HASH_LENGTH);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
