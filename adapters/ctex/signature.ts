import { createHash } from 'node:crypto';

/** What X-Sign covers: METHOD, PATH-WITH-QUERY, X-Timestamp, X-Nonce and the body's SHA-256, a line each. */
export function signedText(
  method: string,
  pathWithQuery: string,
  timestamp: string,
  nonce: string,
  body: Uint8Array,
): string {
  const digest = createHash('sha256').update(body).digest('hex');
  return `${method}\n${pathWithQuery}\n${timestamp}\n${nonce}\n${digest}`;
}

/** How far a timestamp may be off, either way. */
export const WINDOW_MS = 300_000;
