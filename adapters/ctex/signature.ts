import { hash } from 'node:crypto';
import type { KeptNative, NativeVerifier } from '../../src/contract/adapter.ts';
import { isObject, parseJson } from '../../src/contract/json.ts';

/** What X-Sign covers: METHOD, PATH-WITH-QUERY, X-Timestamp, X-Nonce and the body's SHA-256, a line each. */
export function signedText(
  method: string,
  pathWithQuery: string,
  timestamp: string,
  nonce: string,
  body: Uint8Array,
): string {
  const digest = hash('sha256', body, 'hex');
  return `${method}\n${pathWithQuery}\n${timestamp}\n${nonce}\n${digest}`;
}

/** How far a timestamp may be off, either way. */
export const WINDOW_MS = 300_000;

/** What is kept beside an event: the text that was signed, and X-Sign (in its one spelling). */
export function writeProof(text: string, sign: string): string {
  return JSON.stringify({ text, sign: Buffer.from(sign, 'base64').toString('base64') });
}

const SIGNED = /^POST\n\/[\x21-\x7e]*\n\d{13}\n[0-9a-fA-F]{32}\n([0-9a-f]{64})$/;

/** The text must be that of a push to us, end in the digest of these bytes, and bear CTEX's signature. */
export function verifyProof({ bytes, proof }: KeptNative, verifier: NativeVerifier): boolean {
  const json = parseJson(Buffer.from(proof, 'utf8'));
  if (!json.ok || !isObject(json.value)) return false;
  const { text, sign } = json.value;
  if (typeof text !== 'string' || typeof sign !== 'string' || proof !== writeProof(text, sign)) return false;
  if (SIGNED.exec(text)?.[1] !== hash('sha256', bytes, 'hex')) return false;
  return verifier.verify(Buffer.from(text, 'utf8'), Buffer.from(sign, 'base64'));
}
