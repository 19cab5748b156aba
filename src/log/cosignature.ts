/**
 * Cosignatures (C2SP tlog-cosignature v1, type 0x04): what a witness says of a checkpoint.
 *
 * "At this time the largest tree I have seen of this log, consistent with all before, has this root." The signature in
 * the note line is the time (POSIX seconds, 8 bytes, big-endian) and 64 bytes of Ed25519 over
 *
 *     cosignature/v1
 *     time 1679315147
 *     <the note's whole text>
 */

import { verify } from 'node:crypto';
import { ed25519Key, isBy, type Note, type NoteSignature, type VerifierKey } from './note.ts';

export interface Cosignature {
  readonly key: VerifierKey;
  readonly line: NoteSignature;
  /** POSIX seconds. */
  readonly time: bigint;
}

const LATEST = 2n ** 63n - 1n;

/** @param sign Ed25519 over the bytes it is given */
export async function cosign(
  text: string,
  key: VerifierKey,
  atMs: number,
  sign: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<NoteSignature> {
  const time = BigInt(Math.floor(atMs / 1_000));
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(time);
  const signature = await sign(signedBytes(text, time));
  return { name: key.name, id: key.id, bytes: Buffer.concat([stamp, signature]) };
}

/** Undefined unless the line is this witness's own word about this text. */
export function verifyCosignature(text: string, line: NoteSignature, key: VerifierKey): Cosignature | undefined {
  if (key.type !== 'cosignature' || !isBy(line, key) || line.bytes.length !== 72) return undefined;
  const bytes = Buffer.from(line.bytes);
  const time = bytes.readBigUInt64BE(0);
  if (time > LATEST) return undefined;
  return verify(null, signedBytes(text, time), ed25519Key(key), bytes.subarray(8)) ? { key, line, time } : undefined;
}

/** Each witness once, in the order of the keys; lines of others, and lines that do not verify, count for nothing. */
export function cosignaturesOf({ text, signatures }: Note, keys: readonly VerifierKey[]): readonly Cosignature[] {
  return keys.flatMap((key) => {
    for (const line of signatures) {
      const found = verifyCosignature(text, line, key);
      if (found !== undefined) return [found];
    }
    return [];
  });
}

function signedBytes(text: string, time: bigint): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`, 'utf8');
}
