import type { KeptNative, NativeVerifier } from '../../src/contract/adapter.ts';
import { contentOf, type Frame, fieldOf, readFrame } from './session-frame.ts';

/** Types that need a time, which may be that of sending (decode). */
const TIMED = new Set(['UI', 'UB']);

/** The message without session header and trailer: the same bytes however often the session sends it again. */
export function arrivedBytes(frame: Frame): Buffer {
  const time = TIMED.has(frame.type) && fieldOf(frame, 60) === undefined ? [[52, frame.sentAt] as const] : [];
  return Buffer.concat([Buffer.from(`35=${frame.type}\u0001`), contentOf(...time), frame.content]);
}

/** What is kept beside it: 89 as it came (empty where there was none), a line feed, and what it covers (from `35=` up to `93=`). */
export function writeProof(frame: Frame): string {
  return `${(frame.signature ?? Buffer.alloc(0)).toString('base64')}\n${frame.covered.toString('utf8')}`;
}

/** What was signed must give these bytes again, by the same reading as when they came. */
export function verifyProof({ bytes, proof }: KeptNative, verifier: NativeVerifier): boolean {
  const line = proof.indexOf('\n');
  if (line < 0) return false;
  const signature = proof.slice(0, line);
  const covered = Buffer.from(proof.slice(line + 1), 'utf8');
  const signed = Buffer.from(`93=${signature.length}\u000189=${signature}\u0001`, 'latin1');
  const frame = readFrame(Buffer.concat([covered, signed]), 0, covered.length + signed.length);
  if (frame?.signature === undefined || !frame.covered.equals(covered)) return false;
  if (frame.signature.toString('base64') !== signature || !arrivedBytes(frame).equals(bytes)) return false;
  return verifier.verify(covered, frame.signature);
}
