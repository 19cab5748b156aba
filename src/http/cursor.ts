import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Position } from '../journal/pages.ts';

/**
 * A position in a list, opaque and signed: nobody can make one that points where a page never ended, nor use one
 * with other filters than it was given for (`scope`).
 */
export function writeCursor(key: Uint8Array, scope: string, { at, id }: Position): string {
  const text = JSON.stringify([at, id]);
  return `${Buffer.from(text).toString('base64url')}.${seal(key, scope, text).toString('base64url')}`;
}

/** The position, or undefined when the cursor is not one of ours for that scope. */
export function readCursor(key: Uint8Array, scope: string, cursor: string): Position | undefined {
  if (cursor.length > 1024) return undefined;
  const [body = '', mac = '', ...more] = cursor.split('.');
  const text = Buffer.from(body, 'base64url').toString('utf8');
  const [given, due] = [Buffer.from(mac, 'base64url'), seal(key, scope, text)];
  if (more.length > 0 || given.length !== due.length || !timingSafeEqual(given, due)) return undefined;
  const [at, id] = JSON.parse(text) as [string, string];
  return { at, id };
}

function seal(key: Uint8Array, scope: string, text: string): Buffer {
  return createHmac('sha256', key).update(scope).update('\n').update(text).digest().subarray(0, 16);
}
