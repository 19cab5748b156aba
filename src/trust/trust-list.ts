/**
 * The trust list, `trust.json`: the only place where a key id is looked up, and what fixes its owner, algorithm and
 * validity. Public; signed by two operators (JWS, `fed-trust+jws`); every version names the digest of the one before.
 *
 * What a version says of the past stays said: later ones add keys, end them and revoke them, but remove nothing, so a
 * message is judged for ever by the key that was valid when it was journaled.
 */

import { createHash } from 'node:crypto';
import { isObject, parseJson } from '../contract/json.ts';
import { type Refusal, type RefusalCode, refuse } from '../contract/refusal.ts';
import type { EnvelopeCode } from '../envelope/codes.ts';
import { type JwsProfile, openJws, type TrustEntry, type TrustList } from '../envelope/jws.ts';
import type { Sm2 } from './sm2.ts';
import { operatorKeys, operatorOf, type TrustAnchor } from './trust-anchor.ts';
import {
  entryOf,
  isInstantText,
  isValidAt,
  type LinkRecord,
  linkRecordFaults,
  type TrustRecord,
  trustRecordFaults,
  validityOf,
} from './trust-list-records.ts';

export const TRUST_FORMAT = 'qiao-trust-list/2';
export const trustProfile: JwsProfile = { typ: 'fed-trust+jws', members: new Set(['typ', 'iss']) };
const MEMBERS: readonly string[] = ['format', 'version', 'issuedAt', 'prev', 'entries', 'links'];
const MAX_ENTRIES = 10_000;
const HEX64 = /^[0-9a-f]{64}$/;

/** What is signed. */
export interface TrustPayload {
  readonly format: typeof TRUST_FORMAT;
  /** 1, 2, 3 … */
  readonly version: number;
  /** RFC 3339 with +08:00. */
  readonly issuedAt: string;
  /** SHA-256, hex, of the file of the version before; null exactly for version 1. */
  readonly prev: string | null;
  readonly entries: readonly TrustRecord[];
  readonly links: readonly LinkRecord[];
}

/** One version, read and verified; keys are decoded once, so that verifying is only verifying. */
export interface LocalTrustList extends TrustList {
  readonly payload: TrustPayload;
  readonly version: number;
  readonly records: readonly TrustRecord[];
  readonly links: readonly LinkRecord[];
  /** The file. */
  readonly bytes: Uint8Array;
  /** SHA-256 of it, hex. */
  readonly sha256: string;
  /** Names of the operators who signed, each once. */
  readonly operators: readonly string[];
  /** The entry of this key if it may be relied on for what was journaled then. */
  validAt(kid: string, atMs: number): TrustEntry | undefined;
  /** Keys of an exchange's own protocol that may be relied on for what happened then. */
  linkKeysAt(exchange: string, side: LinkRecord['side'], atMs: number): readonly LinkRecord[];
}

const TEXTS = {
  'operators-too-few': ['签署的操作员不足', 'too few distinct operators have signed'],
  'list-rolled-back': ['信任清单退回到更早的版本', 'this trust list is older than the one in force'],
  'list-forked': ['同一版本另有一份信任清单', 'there is another trust list of the same version'],
  'list-gap': ['缺少中间版本的信任清单', 'versions in between are missing'],
  'list-unchained': ['未接续前一版信任清单', 'it does not continue the version before'],
  'past-rewritten': ['更改了以往的登记', 'it rewrites what an earlier version said'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

type ListCode = keyof typeof TEXTS;

/** Why a trust list does not come into force. */
export interface TrustListFault {
  readonly code: ListCode | EnvelopeCode | RefusalCode;
  readonly pointer: string;
  readonly zh: string;
  readonly en: string;
}

export type TrustListRead =
  | { readonly ok: true; readonly list: LocalTrustList }
  | { readonly ok: false; readonly faults: readonly TrustListFault[] };

export function trustFault(code: ListCode, pointer: string, detail = ''): TrustListFault {
  const [zh, en] = TEXTS[code];
  return detail === '' ? { code, pointer, zh, en } : { code, pointer, zh: `${zh}：${detail}`, en: `${en}: ${detail}` };
}

/** All faults on one line. */
export function shownFaults(faults: readonly TrustListFault[]): string {
  return faults.map(({ pointer, zh, en }) => `${pointer === '' ? '' : `${pointer}: `}${zh} / ${en}`).join('; ');
}

/** Reads and verifies one version by itself; whether it may follow the one in force is {@link successionFault}. */
export function readTrustList(bytes: Uint8Array, anchor: TrustAnchor, sm2: Sm2): TrustListRead {
  const opened = openJws(bytes, operatorKeys(anchor), trustProfile);
  if (!opened.ok) return { ok: false, faults: [opened] };
  const operators = [...new Set(opened.signatures.map(({ kid }) => operatorOf(kid)))];
  if (operators.length < anchor.operatorQuorum) {
    return { ok: false, faults: [trustFault('operators-too-few', '/signatures', operators.join(', '))] };
  }
  const read = readPayload(opened.payload, sm2);
  if (!read.ok) return read;
  const { payload, byKid } = read;
  const find = (kid: string) => byKid.get(kid);
  const byParticipant = new Map<string, TrustEntry[]>();
  for (const entry of byKid.values()) {
    const known = byParticipant.get(entry.participant);
    if (known === undefined) byParticipant.set(entry.participant, [entry]);
    else known.push(entry);
  }
  const links = payload.links.map((link) => ({ link, isValid: validityOf(link) }));
  const list: LocalTrustList = {
    payload,
    version: payload.version,
    records: payload.entries,
    links: payload.links,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    operators,
    find,
    keysOf: (participant) => byParticipant.get(participant) ?? [],
    validAt: (kid, atMs) => {
      const entry = find(kid);
      return entry !== undefined && isValidAt(entry, atMs) ? entry : undefined;
    },
    linkKeysAt: (exchange, side, atMs) =>
      links
        .filter(({ link, isValid }) => link.exchange === exchange && link.side === side && isValid(atMs))
        .map(({ link }) => link),
  };
  return { ok: true, list };
}

/** The payload alone, strictly; every fault is given. */
export function readPayload(
  bytes: Uint8Array,
  sm2: Sm2,
):
  | { ok: true; payload: TrustPayload; byKid: ReadonlyMap<string, TrustEntry> }
  | { ok: false; faults: readonly Refusal[] } {
  const json = parseJson(bytes);
  if (!json.ok) return { ok: false, faults: json.refusals };
  const file: unknown = json.value;
  if (!isObject(file)) return { ok: false, faults: [refuse('wrong-type')] };
  if (file.format !== TRUST_FORMAT) return { ok: false, faults: [refuse('unknown-kind', '/format', TRUST_FORMAT)] };
  const faults: Refusal[] = Object.keys(file)
    .filter((name) => !MEMBERS.includes(name))
    .map((name) => refuse('unknown-field', '', name.slice(0, 64)));
  const { version, issuedAt, prev } = file;
  if (!Number.isSafeInteger(version) || Number(version) < 1) faults.push(refuse('bad-format', '/version'));
  if (typeof issuedAt !== 'string' || !isInstantText(issuedAt)) faults.push(refuse('bad-format', '/issuedAt'));
  const prevFits = version === 1 ? prev === null : typeof prev === 'string' && HEX64.test(prev);
  if (!prevFits) faults.push(refuse('bad-format', '/prev'));
  // One key, one use, one algorithm: also across the two parts.
  const seen = new Set<string>();
  const byKid = new Map<string, TrustEntry>();
  const once = (record: { readonly kid: string; readonly spki: string }, pointer: string): boolean => {
    for (const [member, value] of [
      ['kid', record.kid],
      ['spki', record.spki],
    ] as const) {
      if (seen.has(value)) {
        faults.push(refuse('duplicate-key', `${pointer}/${member}`, record.kid));
        return false;
      }
      seen.add(value);
    }
    return true;
  };
  for (const part of ['entries', 'links'] as const) {
    const lines = file[part];
    if (!Array.isArray(lines) || lines.length > MAX_ENTRIES) {
      faults.push(refuse('wrong-type', `/${part}`));
      continue;
    }
    for (const [index, given] of lines.entries()) {
      const pointer = `/${part}/${index}`;
      const found = part === 'entries' ? trustRecordFaults(given, pointer) : linkRecordFaults(given, pointer);
      faults.push(...found);
      if (found.length > 0 || !once(given as TrustRecord, pointer) || part === 'links') continue;
      const record = given as unknown as TrustRecord;
      const entry = entryOf(record, sm2);
      if (entry === undefined) faults.push(refuse('bad-format', `${pointer}/spki`, record.alg));
      else byKid.set(record.kid, entry);
    }
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, payload: file as unknown as TrustPayload, byKid };
}
