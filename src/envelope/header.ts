/** The protected header of a message between participants (docs/decisions/0001). */

import { type EnvelopeCode, type EnvelopeRefusal, refuse } from './codes.ts';
import type { JsonObject } from './json.ts';

export interface EnvelopeHeader {
  readonly typ: 'fed-msg+jws';
  /** Origin: a participant's code (`qiao`, `ctex`, …). */
  readonly iss: string;
  /** Recipients, 1 to 16, each once. */
  readonly aud: readonly string[];
  /** Message id, unique for ever at its origin. */
  readonly jti: string;
  /** Seconds since 1970; `exp` (first second no longer valid) is later than `iat`. */
  readonly iat: number;
  readonly exp?: number;
  /** Kind of the unified contract, e.g. `listing`. */
  readonly kind: string;
  /** Version of the unified contract the payload follows, e.g. `1.0.0`. */
  readonly contract: string;
  /** SHA-256, hex, of the origin's rulebook: in force, or that under which what this follows from was shown. */
  readonly rulebook: string;
  /** One stream per listing or deal and origin; `seq` counts 1, 2, 3 … in it without gaps. */
  readonly stream: string;
  readonly seq: number;
  /** SHA-256, hex, of the previous envelope of this stream; null exactly when `seq` is 1. */
  readonly prev: string | null;
  /** SHA-256, hex, of the native bytes the message came from; null when it came from none. */
  readonly nat: string | null;
}

const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z
const HEX64 = /^[0-9a-f]{64}$/;
const PARTICIPANT = /^[a-z][a-z0-9-]{1,31}$/;
const KIND = /^[a-z][a-z0-9-]{0,39}$/;
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$/;
// Ids contain exchanges' own opaque ids: any text, but nothing that can forge a log line or hide itself.
const ID = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;

const seconds = (v: unknown): boolean => Number.isSafeInteger(v) && Number(v) >= 0 && Number(v) <= LAST_SECOND;
const matches = (pattern: RegExp) => (v: unknown) => typeof v === 'string' && pattern.test(v);
const hashOrNull = (v: unknown): boolean => v === null || (typeof v === 'string' && HEX64.test(v));
const recipients = (v: unknown): boolean =>
  Array.isArray(v) && v.length >= 1 && v.length <= 16 && v.every(isParticipant) && new Set(v).size === v.length;

export const isParticipant = matches(PARTICIPANT);
export const isMessageId = matches(ID);
export const isSha256 = matches(HEX64);
export const isSeconds = seconds;

/** One line a member: its check, in the order in which it is written. */
const MEMBERS: Readonly<Record<keyof EnvelopeHeader, (value: unknown) => boolean>> = {
  typ: (v) => v === 'fed-msg+jws',
  iss: isParticipant,
  aud: recipients,
  jti: isMessageId,
  iat: seconds,
  exp: seconds,
  kind: matches(KIND),
  contract: matches(VERSION),
  rulebook: isSha256,
  stream: isMessageId,
  seq: (v) => Number.isSafeInteger(v) && Number(v) >= 1,
  prev: hashOrNull,
  nat: hashOrNull,
};
const NAMES = Object.keys(MEMBERS) as readonly (keyof EnvelopeHeader)[];

export const envelopeProfile = { typ: 'fed-msg+jws', members: new Set<string>(NAMES) } as const;

/** Checks every member; the first fault is given. `members` outside the list were refused before. */
export function readEnvelopeHeader(
  given: JsonObject,
  pointer: string,
): { ok: true; header: EnvelopeHeader } | EnvelopeRefusal {
  const fault = (code: EnvelopeCode, name: string) => refuse(code, `${pointer}/${name}`, name);
  for (const name of NAMES) {
    const value = given[name];
    if (value === undefined) {
      if (name === 'exp') continue;
      return fault('missing-member', name);
    }
    if (!MEMBERS[name](value)) return fault('malformed-member', name);
  }
  const header = given as unknown as EnvelopeHeader;
  if (header.exp !== undefined && header.exp <= header.iat) return fault('malformed-member', 'exp');
  if ((header.prev === null) !== (header.seq === 1)) return fault('malformed-member', 'prev');
  return { ok: true, header };
}

/** The members in their one order; a header of ours that does not fit is our bug. */
export function writeEnvelopeHeader(header: EnvelopeHeader): JsonObject {
  const ordered: Record<string, unknown> = {};
  for (const name of NAMES) if (header[name] !== undefined) ordered[name] = header[name];
  const unlisted = Object.keys(header).find((name) => !Object.hasOwn(MEMBERS, name));
  if (unlisted !== undefined) throw new TypeError(`assertion: envelope header has an unlisted member ${unlisted}`);
  const checked = readEnvelopeHeader(ordered, '');
  if (!checked.ok) throw new TypeError(`assertion: envelope header ${checked.pointer}: ${checked.en}`);
  return ordered;
}
