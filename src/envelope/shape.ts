/**
 * The outer JSON of a JWS. It is not covered by any signature, so it has one spelling only:
 * `{"payload":"…","signatures":[{"protected":"…","signature":"…"},…]}`, nothing else, nothing between.
 */

import { type EnvelopeRefusal, refuse } from './codes.ts';
import { escapeStep, findDuplicateKey, isObject, utf8 } from './json.ts';

export interface SplitJws {
  readonly payload: string;
  readonly signatures: readonly { readonly protected: string; readonly signature: string }[];
}

const START = '{"payload":"';
const TO_SIGNATURES = '","signatures":[';
const PROTECTED = '{"protected":"';
const SIGNATURE = '","signature":"';
const PART_END = '"}';

/** Cuts the one spelling apart, or gives undefined; the pieces are not decoded yet. */
export function splitJws(bytes: Uint8Array): SplitJws | undefined {
  // Latin-1 keeps one character per byte: a byte above 0x7f ends up in a piece and fails its base64url there.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  let at = 0;
  const take = (literal: string): boolean => {
    if (!text.startsWith(literal, at)) return false;
    at += literal.length;
    return true;
  };
  const piece = (): string => {
    const end = text.indexOf('"', at);
    const found = text.slice(at, end < 0 ? text.length : end);
    at += found.length;
    return found;
  };
  if (!take(START)) return undefined;
  const payload = piece();
  if (!take(TO_SIGNATURES)) return undefined;
  const signatures: { protected: string; signature: string }[] = [];
  do {
    if (!take(PROTECTED)) return undefined;
    const header = piece();
    if (!take(SIGNATURE)) return undefined;
    signatures.push({ protected: header, signature: piece() });
    if (!take(PART_END)) return undefined;
  } while (take(','));
  return take(']}') && at === text.length ? { payload, signatures } : undefined;
}

/** Says what is wrong with bytes that `splitJws` would not take. Only runs for those, so it may be slow. */
export function explainShape(bytes: Uint8Array): EnvelopeRefusal {
  let text: string;
  let parsed: unknown;
  let twice: string | undefined;
  try {
    text = utf8(bytes);
    parsed = JSON.parse(text);
    twice = findDuplicateKey(text);
  } catch {
    return refuse('not-json', '');
  }
  if (twice !== undefined) return refuse('duplicate-key', twice);
  if (!isObject(parsed)) return refuse('not-jws', '');
  for (const name of Object.keys(parsed)) {
    if (name === 'header') return refuse('unprotected-header', '/header');
    if (name !== 'payload' && name !== 'signatures') return refuse('unlisted-member', `/${escapeStep(name)}`, name);
  }
  if (typeof parsed.payload !== 'string') return refuse('not-jws', '/payload');
  if (!Array.isArray(parsed.signatures)) return refuse('not-jws', '/signatures');
  if (parsed.signatures.length === 0) return refuse('signature-count', '/signatures');
  for (const [index, part] of parsed.signatures.entries()) {
    const pointer = `/signatures/${index}`;
    if (!isObject(part)) return refuse('not-jws', pointer);
    if ('header' in part) return refuse('unprotected-header', `${pointer}/header`);
    for (const name of Object.keys(part)) {
      if (name !== 'protected' && name !== 'signature') {
        return refuse('unlisted-member', `${pointer}/${escapeStep(name)}`, name);
      }
    }
    if (typeof part.protected !== 'string') return refuse('not-jws', `${pointer}/protected`);
    if (typeof part.signature !== 'string') return refuse('not-jws', `${pointer}/signature`);
  }
  return refuse('not-canonical', '');
}
