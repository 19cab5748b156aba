/**
 * JSON that has exactly one spelling: what `JSON.stringify` gives back is what came in.
 *
 * That one comparison rules out duplicate keys (of which `JSON.parse` silently keeps the last), white space, needless
 * escapes and odd numbers, and costs two native passes; the slower search below only runs to say what was wrong.
 */

import { type EnvelopeRefusal, refuse } from './codes.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses one JSON object in its one spelling. `pointer` says where it was found, for the refusal. */
export function parseExact(bytes: Uint8Array, pointer: string): { ok: true; object: JsonObject } | EnvelopeRefusal {
  let text: string;
  let parsed: unknown;
  let again: string;
  try {
    text = utf8(bytes);
    parsed = JSON.parse(text);
    again = JSON.stringify(parsed); // overflows on absurd nesting, which is then no envelope of ours either
  } catch {
    return refuse('not-json', pointer);
  }
  if (!isObject(parsed)) return refuse('not-jws', pointer);
  // `JSON.stringify` writes \ud… only for half of a surrogate pair: text no UTF-8 system can store.
  if (again !== text || text.includes('\\ud')) {
    const twice = findDuplicateKey(text);
    return twice === undefined ? refuse('not-canonical', pointer) : refuse('duplicate-key', pointer + twice);
  }
  return { ok: true, object: parsed };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Strict UTF-8: bad bytes throw, a byte order mark is kept (and so refused as JSON). */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * The JSON pointer of the first key that occurs twice in one object, or undefined.
 * @param text must already have passed `JSON.parse`
 */
export function findDuplicateKey(text: string): string | undefined {
  const open: { keys: Set<string> | undefined; step: string | number }[] = [];
  let expectKey = false;
  for (const { 0: token } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g)) {
    const inner = open.at(-1);
    if (token === '{') {
      open.push({ keys: new Set(), step: '' });
      expectKey = true;
    } else if (token === '[') {
      open.push({ keys: undefined, step: 0 });
      expectKey = false;
    } else if (token === '}' || token === ']') {
      open.pop();
      expectKey = false;
    } else if (token === ',') {
      expectKey = inner?.keys !== undefined;
      if (inner !== undefined && typeof inner.step === 'number') inner.step += 1;
    } else if (expectKey && inner?.keys !== undefined) {
      const key = String(JSON.parse(token));
      inner.step = key;
      if (inner.keys.has(key)) return open.map((o) => `/${escapeStep(o.step)}`).join('');
      inner.keys.add(key);
      expectKey = false;
    }
  }
  return undefined;
}

/** One step of a JSON pointer (RFC 6901 §3). */
export function escapeStep(step: string | number): string {
  return String(step).replaceAll('~', '~0').replaceAll('/', '~1');
}
