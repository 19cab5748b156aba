/**
 * When a checkpoint counts: signed by the log, and final once enough witnesses have cosigned it.
 *
 * The log has signed when each kind of key it is known by (Ed25519, SM2) has a line that verifies, and no line of a known
 * key fails: leaving out the SM2 line would be a downgrade.
 */

import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { type Cosignature, cosignaturesOf } from './cosignature.ts';
import {
  isBy,
  type Note,
  parseNote,
  parseVerifierKey,
  type Sm2Check,
  type VerifierKey,
  verifyNoteSignature,
} from './note.ts';

/** What a verifier is told beforehand, by the trust anchor. */
export interface LogPolicy {
  readonly origin: string;
  readonly logKeys: readonly VerifierKey[];
  /** One key for each witness. */
  readonly witnesses: readonly WitnessKey[];
  /** Witnesses needed, of those above. */
  readonly quorum: number;
}

export interface WitnessKey {
  readonly exchange: string;
  readonly key: VerifierKey;
}

/** `log`, `witnesses` and `quorum` of the trust anchor (anchor.json), keys in their written form. */
export interface WrittenPolicy {
  readonly log: { readonly origin: string; readonly keys: readonly string[] };
  readonly witnesses: readonly { readonly exchange: string; readonly key: string }[];
  readonly quorum: number;
}

export type CheckpointFault = 'malformed' | 'wrong-log' | 'not-signed';

export type OpenedCheckpoint =
  | { readonly ok: false; readonly fault: CheckpointFault }
  | {
      readonly ok: true;
      readonly note: Note;
      readonly checkpoint: Checkpoint;
      /** Of known witnesses, each once. */
      readonly cosignatures: readonly Cosignature[];
      readonly final: boolean;
    };

/** Undefined when a key is malformed, of the wrong type or given twice, or when the quorum cannot be reached. */
export function readPolicy({ log, witnesses, quorum }: WrittenPolicy): LogPolicy | undefined {
  const logKeys = log.keys.map(parseVerifierKey);
  const read = witnesses.map(({ exchange, key }) => ({ exchange, key: parseVerifierKey(key) }));
  const ofLog = logKeys.every((key) => key !== undefined && key.type !== 'cosignature' && key.name === log.origin);
  const ofWitnesses = read.every(({ key }) => key?.type === 'cosignature');
  // The signed message does not name the witness, so one key under two names would be two witnesses.
  const distinct =
    new Set(read.map(({ key }) => Buffer.from(key?.publicKey ?? []).toString('hex'))).size === read.length;
  const named = new Set(witnesses.map(({ exchange }) => exchange)).size === read.length;
  const reachable = Number.isInteger(quorum) && quorum >= 1 && quorum <= read.length;
  if (!ofLog || logKeys.length === 0 || !ofWitnesses || !distinct || !named || !reachable) return undefined;
  return { origin: log.origin, logKeys: logKeys as VerifierKey[], witnesses: read as WitnessKey[], quorum };
}

export function openCheckpoint(bytes: Uint8Array, policy: LogPolicy, sm2: Sm2Check): OpenedCheckpoint {
  const note = parseNote(bytes);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return { ok: false, fault: 'malformed' };
  if (checkpoint.origin !== policy.origin) return { ok: false, fault: 'wrong-log' };
  if (!isSignedByLog(note, policy.logKeys, sm2)) return { ok: false, fault: 'not-signed' };
  const cosignatures = cosignaturesOf(
    note,
    policy.witnesses.map(({ key }) => key),
  );
  return { ok: true, note, checkpoint, cosignatures, final: cosignatures.length >= policy.quorum };
}

export function isSignedByLog({ text, signatures }: Note, keys: readonly VerifierKey[], sm2: Sm2Check): boolean {
  const signed = new Set<string>();
  for (const line of signatures) {
    const key = keys.find((one) => isBy(line, one));
    if (key === undefined) continue;
    if (!verifyNoteSignature(key, text, line.bytes, sm2)) return false;
    signed.add(key.type);
  }
  return keys.length > 0 && keys.every(({ type }) => signed.has(type));
}
