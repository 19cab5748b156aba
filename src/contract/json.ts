import { accepted, type Checked, type Refusal, refuse, refused } from './refusal.ts';

/** JSON as the gateway lets it in: numbers are safe whole numbers, everything else that counts is a string. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const MAX_BYTES = 1_048_576;
export const MAX_DEPTH = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses bytes into JSON, or says why not: over 1 MiB (day-end books set a higher `maxBytes`), not UTF-8, deeper than 32, a key twice (also with the same
 * value), `__proto__` and its kin, a lone surrogate, a number that is no plain whole number within ±(2^53 − 1).
 *
 * JSON.parse alone would keep the last of two keys and round large numbers in silence; one pass over the text finds
 * both before anything recursive touches it.
 */
export function parseJson(bytes: Uint8Array, maxBytes = MAX_BYTES): Checked<Json> {
  if (bytes.byteLength > maxBytes) return refused(refuse('too-large'));
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refused(refuse('not-text'));
  }
  const refusal = scan(text);
  if (refusal !== undefined) return refused(refusal);
  try {
    return accepted(JSON.parse(text) as Json);
  } catch {
    return refused(refuse('not-json'));
  }
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /-?[\d.][\w.+-]*/y;
const WHOLE = /^(0|-?[1-9]\d{0,15})$/;
const SURROGATE = /\p{Cs}/u;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Looks at keys, numbers and depth only; whether the text is JSON at all is for JSON.parse to say. */
function scan(text: string): Refusal | undefined {
  // One entry for each open bracket: the keys seen in an object, undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let keyExpected = false;
  let backslash = text.indexOf('\\');
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = endOfString(text, i);
      if (end < 0) return refuse('not-json');
      if (backslash >= 0 && backslash < i) backslash = text.indexOf('\\', i);
      const isEscaped = backslash >= 0 && backslash < end;
      if (!keyExpected && !isEscaped) {
        i = end;
        continue;
      }
      const raw = text.slice(i + 1, end);
      const string = isEscaped ? unescaped(raw) : raw;
      if (string === undefined) return refuse('not-json');
      // The text itself was UTF-8, which has none: only an escape can make one.
      if (isEscaped && SURROGATE.test(string)) return refuse('not-text', '', 'lone surrogate');
      if (keyExpected) {
        const seen = open.at(-1);
        if (FORBIDDEN.has(string)) return refuse('forbidden-key', '', string);
        if (seen?.has(string)) return refuse('duplicate-key', '', string.slice(0, 64));
        seen?.add(string);
        keyExpected = false;
      }
      i = end;
    } else if (c === 0x7b || c === 0x5b) {
      if (open.push(c === 0x7b ? new Set() : undefined) > MAX_DEPTH) return refuse('too-deep');
      keyExpected = c === 0x7b;
    } else if (c === 0x7d || c === 0x5d) {
      open.pop();
      keyExpected = false;
    } else if (c === 0x2c) {
      keyExpected = open.at(-1) !== undefined;
    } else if (c === 0x2d || c === 0x2e || (c >= 0x30 && c <= 0x39)) {
      NUMBER.lastIndex = i;
      const number = NUMBER.exec(text)?.[0] ?? text[i]!;
      if (!WHOLE.test(number) || !Number.isSafeInteger(Number(number))) {
        return refuse('bad-number', '', number.slice(0, 40));
      }
      i += number.length - 1;
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

function unescaped(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
