/** The gateway's signed word on its log: a checkpoint whenever the tree has grown. */

import { addCheckpoint, latestCheckpoint, type SignedCheckpoint } from '../journal/checkpoints.ts';
import type { Database } from '../journal/database.ts';
import { consistencyProof, headOf, type TreeHead } from '../journal/tree.ts';
import { checkpointText, isSameTree } from '../log/checkpoint.ts';
import { verifyConsistency } from '../log/merkle.ts';
import { type NoteSigner, signNote } from '../log/note.ts';

export interface CheckpointParts {
  readonly database: Database;
  readonly origin: string;
  /** Ed25519, and SM2 beside it. */
  readonly signers: readonly NoteSigner[];
  nowMs(): number;
}

/** The tree is not a continuation of what was signed last: nothing is signed any more until somebody has looked. */
export class LogContradiction extends Error {
  override readonly name = 'LogContradiction';
  constructor(last: Pick<SignedCheckpoint, 'size'>, head: Pick<TreeHead, 'size'>) {
    super(`the log of ${head.size} leaves does not continue the ${last.size} that were signed`);
  }
}

/**
 * Signs the tree as it stands and keeps that; undefined when nothing has been added since the last time.
 *
 * A log never signs what contradicts its own earlier word (C2SP tlog-checkpoint), so that is proved first.
 * @throws LogContradiction
 */
export async function publishCheckpoint(parts: CheckpointParts): Promise<SignedCheckpoint | undefined> {
  const { database, origin, signers } = parts;
  // In this order: what was signed is of a tree that the head, read later, must hold.
  const last = await latestCheckpoint(database);
  const head = await headOf(database);
  if (head.size === 0n && last === undefined) return undefined;
  if (last !== undefined) {
    if (isSameTree(head, last)) return undefined;
    if (!(await continues(database, last, head))) throw new LogContradiction(last, head);
  }
  const note = await signNote(checkpointText({ origin, size: head.size, root: head.root }), signers);
  const checkpoint = { size: head.size, root: head.root, note, signedAt: new Date(parts.nowMs()) };
  // Another gateway on this database may have been first; its word on the same tree is as good.
  return (await addCheckpoint(database, checkpoint)) ? checkpoint : undefined;
}

async function continues(database: Database, last: SignedCheckpoint, head: TreeHead): Promise<boolean> {
  if (head.size <= last.size) return false;
  const proof = await consistencyProof(database, last.size, head.size);
  return verifyConsistency(last.size, head.size, proof, last.root, head.root);
}
