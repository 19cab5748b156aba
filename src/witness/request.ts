/**
 * The body of `add-checkpoint` (C2SP tlog-witness): what a log sends to a witness.
 *
 *     old 20852014
 *     <consistency proof, one hash in base64 a line, at most 63>
 *
 *     <the checkpoint as a signed note>
 */

import { parseTreeSize } from '../log/checkpoint.ts';
import { decodeBase64 } from '../log/note.ts';

export interface AddCheckpoint {
  /** Of the tree that the proof starts from: the last one this witness cosigned, or 0. */
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  readonly note: Uint8Array;
}

export const MOST_PROOF_LINES = 63;
/** Body of the answer that names the witness's own tree size. */
export const SIZE_TYPE = 'text/x.tlog.size';

export function writeAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): Uint8Array {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
  return Buffer.concat([Buffer.from(`old ${oldSize}\n${hashes}\n`), note]);
}

/** Undefined when the form is wrong; the note behind it is not looked into. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const gap = bytes.indexOf('\n\n');
  if (gap < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, gap).toString('latin1').split('\n');
  const oldSize = first?.startsWith('old ') ? parseTreeSize(first.slice(4)) : undefined;
  const proof = lines.map(decodeBase64);
  if (oldSize === undefined || proof.length > MOST_PROOF_LINES) return undefined;
  if (!proof.every((hash) => hash?.length === 32)) return undefined;
  return { oldSize, proof: proof as Buffer[], note: bytes.subarray(gap + 2) };
}
