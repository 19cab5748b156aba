import { trieOf } from '../../src/contract/claims.ts';
import { instant, writeInstant } from '../../src/contract/codecs.ts';
import { isObject, type Json, type JsonObject, MAX_BYTES } from '../../src/contract/json.ts';
import { type Mapping, Turned } from '../../src/contract/mapping.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import { isBlank } from '../../src/contract/tree.ts';
import { type Root, readXml } from '../../src/contract/xml.ts';
import { codes } from './codes.ts';
import { readGb18030, writeGb18030 } from './gb18030.ts';
import { escapeAttribute, writeXml } from './xml-write.ts';

/** The head of a `<WD>`: its id, type and time, as written. */
export interface Head {
  readonly WDBH: string;
  readonly LX: string;
  /** yyyyMMddHHmmss, Asia/Shanghai. */
  readonly SJ: string;
}

/** One `<WD>`: head and content element. */
export interface WireDocument {
  readonly head: Head;
  /** The name of the content element: XM, YX, BJD, CJ, ZJ. */
  readonly name: string;
  readonly content: JsonObject;
}

/** Elements that may come several times, and in what; any other is refused when it comes twice. */
const REPEATED: ReadonlyMap<string, string> = new Map([
  ['ITEM', 'ZSCQ'],
  ['Q', 'FQ'],
  ['F', 'FJ'],
  ['R', 'DZD'],
  ['GZ', 'HD'],
]);

const compact = instant('compact');

/** Bytes → tree: charset, size, syntax. */
export function readTreeOf(bytes: Uint8Array, maxBytes = MAX_BYTES): Checked<Root> {
  if (bytes.byteLength > maxBytes) return refused(refuse('too-large'));
  const text = readGb18030(bytes);
  return text === undefined ? refused(refuse('not-text')) : readXml(text, REPEATED);
}

/**
 * One `<WD>` document, with or without XML declaration. Pointers of refusals start below it: `/@LX`, `/XM/GPJG`.
 */
export function readDocument(bytes: Uint8Array): Checked<WireDocument> {
  const read = readTreeOf(bytes);
  if (!read.ok) return read;
  const { name: rootName, value } = read.value;
  if (rootName !== 'WD') return refused(refuse('unknown-kind', '', rootName.slice(0, 40)));
  const fields = isObject(value) ? value : {};
  const refusals: Refusal[] = [];
  const { '@WDBH': WDBH, '@LX': LX, '@SJ': SJ, '@BB': BB, ...rest } = fields;
  for (const [name, attribute] of Object.entries({ WDBH, LX, SJ, BB })) {
    if (isBlank(attribute)) refusals.push(refuse('missing-field', `/@${name}`));
  }
  if (refusals.length > 0) return refused(...refusals);
  if (!isWdbh(WDBH)) refusals.push(refuse('bad-format', '/@WDBH'));
  if (compact.decode(SJ as Json, {}) instanceof Turned) refusals.push(refuse('bad-date', '/@SJ', String(SJ)));
  if (BB !== codes.version) refusals.push(refuse('unknown-code', '/@BB', String(BB).slice(0, 40)));
  const isElement = (key: string) => !key.startsWith('@') && key !== '#text';
  const unknown = Object.keys(rest).filter((key) => !isElement(key));
  const [name, ...more] = Object.keys(rest).filter(isElement);
  for (const other of [...unknown, ...more]) refusals.push(refuse('unknown-field', `/${other}`));
  if (name === undefined) refusals.push(refuse('missing-field', ''));
  else if (!isObject(rest[name]))
    refusals.push(refuse(isBlank(rest[name]) ? 'missing-field' : 'wrong-type', `/${name}`));
  if (refusals.length > 0) return refused(...refusals);
  const head = { WDBH: String(WDBH), LX: String(LX), SJ: String(SJ) };
  return accepted({ head, name: name!, content: rest[name!] as JsonObject });
}

/** A document id: visible, 1 to 64 characters. */
export function isWdbh(text: unknown): text is string {
  return typeof text === 'string' && /^[^\p{Cc}\s]{1,64}$/u.test(text);
}

/** Tree → bytes, elements in the order of the mapping's rows. A character GB18030 cannot carry is refused. */
export function writeDocument(document: WireDocument, mapping: Mapping): Checked<Uint8Array> {
  const { head, name, content } = document;
  const frame = `WDBH="${escapeAttribute(head.WDBH)}" LX="${head.LX}" SJ="${head.SJ}" BB="${codes.version}"`;
  const body = writeXml(name, content, trieOf(mapping, 'native'));
  const written = writeGb18030(`<?xml version="1.0" encoding="GB18030"?>\n<WD ${frame}>${body}</WD>`);
  return 'bytes' in written ? accepted(written.bytes) : refused(refuse('not-expressible', '', written.lost));
}

/** An RFC 3339 +08:00 instant as SJ: whole seconds, the rest of the second is cut off. */
export function timeOf(at: string): string {
  return String(writeInstant(`${at.slice(0, 19)}+08:00`, 'compact'));
}

/** yyyyMMddHHmmss in Asia/Shanghai of a moment. */
export function timeAt(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '');
}
