import { assemble } from '../evidence/assemble.ts';
import type { Bundle } from '../evidence/bundle.ts';
import { namesWhole } from '../evidence/native.ts';
import type { Quorum } from '../journal/checkpoints.ts';
import type { Queryable } from '../journal/database.ts';
import { readEvidence } from '../journal/evidence-reads.ts';
import { parseCheckpoint } from '../log/checkpoint.ts';
import { parseNote } from '../log/note.ts';

export interface FoundEvidence {
  readonly bundle: Bundle;
  /** Enough witnesses have cosigned the checkpoint. */
  readonly isFinal: boolean;
  /** The exchange signed it in one with other messages, which are not the asker's to see: it cannot be verified. */
  readonly isWithheld: boolean;
}

/**
 * What the journal holds about one message, as a bundle; undefined when there is no such message that this connection
 * may see.
 * @param against a signed note: the proof that it is of the same log goes in, too, where there is one
 */
export async function evidenceOf(
  connection: Queryable,
  id: string,
  quorum: Quorum,
  against?: Uint8Array,
): Promise<FoundEvidence | undefined> {
  const note = against === undefined ? undefined : parseNote(against);
  const size = note === undefined ? undefined : parseCheckpoint(note.text)?.size;
  const found = await readEvidence(connection, {
    id,
    quorum,
    wholeOf: namesWhole,
    ...(size === undefined ? {} : { against: size }),
  });
  if (found === undefined) return undefined;
  const bundle = assemble(found, against);
  const named = found.proof === null ? undefined : namesWhole(found.proof);
  return {
    bundle,
    isFinal: found.isFinal,
    isWithheld: named !== undefined && found.whole === undefined,
  };
}
