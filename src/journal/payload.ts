import type { JsonObject } from '../contract/json.ts';

/** The exact payload bytes in an envelope of our own journal (already verified when it was kept). */
export function payloadBytes(envelope: Uint8Array): Buffer {
  const { payload } = JSON.parse(Buffer.from(envelope).toString('utf8')) as { payload: string };
  return Buffer.from(payload, 'base64url');
}

/** The same, read. */
export function payloadOf(envelope: Uint8Array): JsonObject {
  return JSON.parse(payloadBytes(envelope).toString('utf8')) as JsonObject;
}
