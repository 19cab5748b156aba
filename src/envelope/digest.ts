import { hash } from 'node:crypto';

/** SHA-256, lower-case hex: names an envelope, a payload or native bytes. */
export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
