/** What the log proves: that its head is signed and cosigned, that a record stands in it, that two heads are of one log. */

import { isSameTree } from '../log/checkpoint.ts';
import { verifyCosignature } from '../log/cosignature.ts';
import { decodeLeaf, type Leaf } from '../log/leaf.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../log/merkle.ts';
import { isBy, type Sm2Check } from '../log/note.ts';
import { type LogPolicy, openCheckpoint } from '../log/quorum.ts';
import type { Bundle, Entry } from './bundle.ts';
import { type EvidenceRefusal, refuse } from './codes.ts';

export interface Head {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** Each witness once. */
  readonly cosigned: readonly { readonly exchange: string; readonly atMs: number }[];
  readonly isFinal: boolean;
}

/**
 * Every line must be by a key of the anchor and verify: a note is spread with lines of strangers in it, but in evidence
 * a line that nobody can check is a byte that anybody could change.
 */
export function openHead(
  bytes: Uint8Array,
  policy: LogPolicy,
  sm2: Sm2Check,
  pointer: string,
): { readonly ok: true; readonly head: Head } | EvidenceRefusal {
  const opened = openCheckpoint(bytes, policy, sm2);
  if (!opened.ok) return refuse(opened.fault === 'wrong-log' ? 'evidence-wrong-anchor' : 'evidence-altered', pointer);
  const { note, checkpoint, cosignatures, final } = opened;
  const seen = new Set<string>();
  for (const line of note.signatures) {
    const name = `${line.name} ${line.id}`;
    const isOfLog = policy.logKeys.some((key) => isBy(line, key));
    const witness = policy.witnesses.find(({ key }) => isBy(line, key));
    if (seen.has(name)) return refuse('evidence-altered', pointer, line.name);
    seen.add(name);
    if (!isOfLog && witness === undefined) return refuse('evidence-wrong-anchor', pointer, line.name);
    if (witness !== undefined && verifyCosignature(note.text, line, witness.key) === undefined) {
      return refuse('evidence-altered', pointer, line.name);
    }
  }
  const cosigned = cosignatures.map(({ key, time }) => {
    const exchange = policy.witnesses.find((one) => one.key === key)?.exchange ?? key.name;
    return { exchange, atMs: Number(time) * 1000 };
  });
  return { ok: true, head: { size: checkpoint.size, root: checkpoint.root, cosigned, isFinal: final } };
}

/** The record that stands there, or that none does. */
export function placedIn(
  { size, root }: Head,
  entry: Entry,
  pointer: string,
): { readonly ok: true; readonly leaf: Leaf } | EvidenceRefusal {
  const isIn = verifyInclusion(leafHash(entry.leaf), BigInt(entry.index), size, entry.inclusion, root);
  if (!isIn) return refuse('evidence-not-included', pointer);
  const leaf = decodeLeaf(entry.leaf);
  return leaf === undefined ? refuse('evidence-malformed', `${pointer}/leaf`) : { ok: true, leaf };
}

/**
 * Compares the bundle's head with the other checkpoint it carries, and both with one that the verifier brings along.
 * @param against a signed note, from a witness say
 */
export function forkIn(
  head: Head,
  { other }: Bundle,
  against: Uint8Array | undefined,
  policy: LogPolicy,
  sm2: Sm2Check,
): EvidenceRefusal | undefined {
  const heads = [head];
  if (other !== null) {
    const opened = openHead(other.checkpoint, policy, sm2, '/other/checkpoint');
    if (!opened.ok) return opened;
    const [older, newer] = opened.head.size <= head.size ? [opened.head, head] : [head, opened.head];
    const isOne = verifyConsistency(older.size, newer.size, other.consistency, older.root, newer.root);
    if (!isOne) return refuse('evidence-forked-log', '/other');
    heads.push(opened.head);
  }
  if (against === undefined) return undefined;
  const opened = openHead(against, policy, sm2, '#against');
  if (!opened.ok) return opened;
  const brought = opened.head;
  const same = heads.find(({ size }) => size === brought.size);
  if (same === undefined) return refuse('evidence-missing-part', '/other', `checkpoint ${brought.size}`);
  return isSameTree(same, brought) ? undefined : refuse('evidence-forked-log', '#against');
}
