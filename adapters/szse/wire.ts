import { isObject, type Json, type JsonObject, MAX_BYTES } from '../../src/contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import type { Tree } from '../../src/contract/tree.ts';
import { MAX_VALUE_BYTES } from './codecs.ts';
import { codes } from './codes.ts';

/**
 * tag=value bytes ↔ a tree of tags. Session header and trailer are optional and not part of the tree; where length,
 * checksum or signature length are there they are checked. Lengths count bytes, never characters.
 */
export interface Tagged {
  /** Tag → value; a group's counter → its members. Tag 35, the message type, is in it. */
  readonly tree: JsonObject;
  /** When the message was first sent, as in tag 52 (122 where it was sent again); for messages that name no time. */
  readonly sentAt?: string;
}

export const SOH = '\u0001';

/** A group's counter → the tag every member starts with, and the tags a member may have. */
const GROUPS: Readonly<Record<string, { readonly first: string; readonly tags: ReadonlySet<string> }>> = {
  '20010': { first: '20011', tags: new Set(['20011', '20012', '20013', '20014', '20015', '20016', '20017']) },
  '20050': { first: '20051', tags: new Set(['20051', '20052', '20053']) },
};
const MEMBER_TAGS = new Set(Object.values(GROUPS).flatMap(({ tags }) => [...tags]));
const HEADER = new Set(['34', '43', '49', '52', '56', '97', '122']);
const FIELD = /^([1-9]\d{0,5})=(.+)$/s;
const COUNT = /^(0|[1-9]\d{0,3})$/;
const MAX_FIELDS = 10_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readTagged(bytes: Uint8Array): Checked<Tagged> {
  if (bytes.byteLength > MAX_BYTES) return refused(refuse('too-large'));
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refused(refuse('not-text'));
  }
  if (!text.endsWith(SOH)) return refused(refuse('not-tagged'));
  const fields: [string, string][] = [];
  for (const field of text.slice(0, -1).split(SOH)) {
    const match = FIELD.exec(field);
    if (match === null) return refused(refuse('not-tagged', '', field.slice(0, 40)));
    fields.push([match[1]!, match[2]!]);
    if (fields.length > MAX_FIELDS) return refused(refuse('too-large', '', `> ${MAX_FIELDS} fields`));
  }
  return readFields(fields, bytes);
}

function readFields(fields: readonly (readonly [string, string])[], bytes: Uint8Array): Checked<Tagged> {
  const found: Refusal[] = [];
  const tail = trailer(fields, bytes, found);
  let i = fields[0]![0] === '8' ? 1 : 0;
  if (i === 1 && fields[0]![1] !== codes.session.begin) found.push(refuse('unknown-code', '/8'));
  if (fields[i]?.[0] === '9') i++;
  else if (i === 1) found.push(refuse('missing-field', '/9'));
  if (i >= tail || fields[i]![0] !== '35') return refused(...found, refuse('missing-field', '/35'));
  const tree: Tree = { '35': fields[i++]![1] };
  const header: Record<string, string> = {};
  for (; i < tail && HEADER.has(fields[i]![0]); i++) {
    const [tag, value] = fields[i]!;
    if (tag in header) found.push(refuse('duplicate-key', `/${tag}`));
    header[tag] = value;
  }
  while (i < tail) i = readField(fields, i, tail, tree, found);
  if (found.length > 0) return refused(...found.slice(0, 50));
  const sentAt = header['122'] ?? header['52'];
  return accepted(sentAt === undefined ? { tree } : { tree, sentAt });
}

/** Checks what the end of a message says of the whole, and gives the index where its content ends. */
function trailer(fields: readonly (readonly [string, string])[], bytes: Uint8Array, found: Refusal[]): number {
  let end = fields.length;
  let endByte = bytes.byteLength;
  const last = fields[end - 1]!;
  if (last[0] === '10') {
    end--;
    endByte -= Buffer.byteLength(last[1]) + 4;
    let sum = 0;
    for (let i = 0; i < endByte; i++) sum += bytes[i]!;
    if (last[1] !== String(sum % 256).padStart(3, '0')) found.push(refuse('bad-checksum', '/10', last[1]));
  }
  const lengthAt = fields.findIndex(([tag]) => tag === '9');
  if (lengthAt === 0 || lengthAt === 1) {
    let from = 0;
    for (let i = 0; i <= lengthAt; i++) from += Buffer.byteLength(fields[i]![0] + fields[i]![1]) + 2;
    if (fields[lengthAt]![1] !== String(endByte - from)) found.push(refuse('bad-length', '/9', fields[lengthAt]![1]));
  }
  const [size, signature] = [fields[end - 2], fields[end - 1]];
  if (size?.[0] === '93' && signature?.[0] === '89') {
    if (size[1] !== String(Buffer.byteLength(signature[1]))) found.push(refuse('bad-length', '/93', size[1]));
    end -= 2;
  }
  return end;
}

/** Reads the field at `i`, a whole group where it counts one; gives the index after it. */
function readField(
  fields: readonly (readonly [string, string])[],
  i: number,
  end: number,
  tree: Tree,
  found: Refusal[],
): number {
  const [tag, value] = fields[i]!;
  if (MEMBER_TAGS.has(tag)) {
    found.push(refuse('bad-group-count', `/${tag}`));
    return i + 1;
  }
  if (Object.hasOwn(tree, tag)) found.push(refuse('duplicate-key', `/${tag}`));
  const group = GROUPS[tag];
  if (group !== undefined) return readGroup(group, tag, fields, i, end, tree, found);
  if (value.length * 3 > MAX_VALUE_BYTES && Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    found.push(refuse('bad-format', `/${tag}`, `> ${MAX_VALUE_BYTES} bytes`));
  }
  tree[tag] = value;
  return i + 1;
}

function readGroup(
  group: (typeof GROUPS)[string],
  counter: string,
  fields: readonly (readonly [string, string])[],
  at: number,
  end: number,
  tree: Tree,
  found: Refusal[],
): number {
  const members: Tree[] = [];
  let i = at + 1;
  for (; i < end && group.tags.has(fields[i]![0]); i++) {
    const [tag, value] = fields[i]!;
    if (tag === group.first) members.push({});
    const member = members.at(-1);
    if (member === undefined) {
      found.push(refuse('bad-group-count', `/${counter}`, tag));
      break;
    }
    if (Object.hasOwn(member, tag)) {
      found.push(refuse('duplicate-key', `/${counter}/${members.length - 1}/${tag}`));
    }
    member[tag] = value;
  }
  const count = fields[at]![1];
  if (!COUNT.test(count)) found.push(refuse('bad-number', `/${counter}`, count));
  else if (Number(count) !== members.length) {
    found.push(refuse('bad-group-count', `/${counter}`, `${count} / ${members.length}`));
  }
  tree[counter] = members;
  return i;
}

/** The message without session header and trailer: type first, then ascending tags, members after their counter. */
export function writeTagged(tree: JsonObject): Buffer {
  let text = `35=${String(tree['35'])}${SOH}`;
  // Whole-number keys of an object come in ascending order (ECMA-262, OrdinaryOwnPropertyKeys).
  for (const tag of Object.keys(tree)) {
    const value = tree[tag]!;
    if (tag === '35' || value === '') continue;
    if (!Array.isArray(value)) text += `${tag}=${String(value)}${SOH}`;
    else {
      text += `${tag}=${value.length}${SOH}`;
      for (const member of value as readonly Json[]) if (isObject(member)) text += writeMember(member);
    }
  }
  return Buffer.from(text);
}

function writeMember(member: JsonObject): string {
  let text = '';
  for (const tag of Object.keys(member)) if (member[tag] !== '') text += `${tag}=${String(member[tag])}${SOH}`;
  return text;
}
