import type { Sm2Check } from '../log/note.ts';
import { isSm2Spki, readSm2PublicKey, type Sm2, sm2Verify } from './sm2.ts';

/** Checks SM2 lines of signed notes with that implementation; a key that is none of SM2 verifies nothing. */
export function sm2OfNotes(sm2: Sm2): Sm2Check {
  return (spki, bytes, rs) => isSm2Spki(spki) && sm2Verify(readSm2PublicKey(spki), sm2)(bytes, rs);
}
