import { latestCheckpoint, type SignedCheckpoint, type WitnessRefusal } from '../journal/checkpoints.ts';
import type { Queryable } from '../journal/database.ts';
import { consistencyProof } from '../journal/tree.ts';
import { parseTreeSize } from '../log/checkpoint.ts';
import { type Cosignature, verifyCosignature } from '../log/cosignature.ts';
import { parseNote, parseSignatures } from '../log/note.ts';
import type { WitnessKey } from '../log/quorum.ts';
import type { WitnessLine, WitnessReply } from '../witness/client.ts';
import { SIZE_TYPE } from '../witness/request.ts';
import { inTime } from './pause.ts';

/** What is put before which witness. */
export interface Putting {
  readonly database: Queryable;
  readonly witness: WitnessKey;
  readonly line: WitnessLine;
  readonly checkpoint: SignedCheckpoint;
  /** Of the tree that it is thought to have cosigned last; 0: none. */
  readonly from: bigint;
  readonly timeoutMs: number;
  readonly ended: AbortSignal;
  nowMs(): number;
}

export type Outcome =
  | { readonly checkpoint: SignedCheckpoint; readonly cosignature: Cosignature }
  | { readonly refusal: WitnessRefusal };

/** Sizes learnt and newer checkpoints found while one is put before a witness; more is not going anywhere. */
const MOST_TURNS = 4;

/**
 * Puts one checkpoint before a witness, from the size that it says it has seen.
 * @throws what keeps it from answering, or an answer that means nothing: to be tried again
 */
export async function putCheckpoint(putting: Putting): Promise<Outcome> {
  const { database, witness, line, from, timeoutMs, ended } = putting;
  let { checkpoint } = putting;
  let oldSize = from <= checkpoint.size ? from : 0n;
  const refused = (kind: WitnessRefusal['kind'], witnessSize: bigint): Outcome => {
    const { size } = checkpoint;
    return { refusal: { witness: witness.exchange, kind, size, witnessSize, refusedAt: new Date(putting.nowMs()) } };
  };
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const proves = oldSize > 0n && oldSize < checkpoint.size;
    const proof = proves ? await consistencyProof(database, oldSize, checkpoint.size) : [];
    const asked = { oldSize, proof, note: checkpoint.note };
    const reply = await inTime(timeoutMs, ended, (signal) => line.addCheckpoint(asked, signal));
    if (reply.status === 200) return { checkpoint, cosignature: wordOf(reply, checkpoint, witness.key) };
    if (reply.status === 422) return refused('fork', oldSize);
    const seen = reply.status === 409 && reply.type === SIZE_TYPE ? sizeOf(reply) : undefined;
    if (seen === undefined) throw new Error(`the witness answered ${reply.status}`);
    // It has our size, and still will not: its tree of that size is another.
    if (seen === oldSize && oldSize === checkpoint.size) return refused('fork', seen);
    if (seen <= checkpoint.size) oldSize = seen;
    else {
      // Another gateway on this database may have shown it a newer one meanwhile.
      const later = await latestCheckpoint(database);
      if (later === undefined || later.size < seen) return refused('rollback', seen);
      [checkpoint, oldSize] = [later, seen];
    }
  }
  throw new Error('the witness names another size each time');
}

function sizeOf({ body }: WitnessReply): bigint | undefined {
  return body.endsWith('\n') ? parseTreeSize(body.slice(0, -1)) : undefined;
}

function wordOf({ body }: WitnessReply, { note }: SignedCheckpoint, key: WitnessKey['key']): Cosignature {
  const text = parseNote(note)?.text ?? '';
  for (const line of parseSignatures(body) ?? []) {
    const cosignature = verifyCosignature(text, line, key);
    if (cosignature !== undefined) return cosignature;
  }
  throw new Error('the witness answered with no cosignature of its own');
}
