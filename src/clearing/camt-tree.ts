import { isDate } from '../contract/dates.ts';
import { isObject, type Json } from '../contract/json.ts';
import { parseFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { readXml } from '../contract/xml.ts';

const MAX_BYTES = 16 * 1_048_576;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Bytes of one ISO 20022 document → its tree. Refuses other kinds of message (they are built alike, and read as this one
 * would be empty or wrong), any DTD, and everything `readXml` refuses.
 * @param repeated elements that may come several times, and in what; any other that does is refused
 */
export function readDocument(
  bytes: Uint8Array,
  namespace: RegExp,
  repeated: ReadonlyMap<string, string>,
): Checked<Json> {
  if (bytes.byteLength > MAX_BYTES) return refused(refuse('too-large'));
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refused(refuse('not-text'));
  }
  const read = readXml(text, repeated, 'UTF-8');
  if (!read.ok) return read;
  const document = read.value.value;
  const kind = isObject(document) ? String(document['@xmlns'] ?? '') : '';
  if (read.value.name !== 'Document' || !namespace.test(kind)) {
    return refused(refuse('unknown-kind', '/@xmlns', kind.slice(0, 60)));
  }
  return accepted(document);
}

/** What is at the end of the path; '' where nothing is. */
export function at(value: Json, ...path: readonly string[]): Json {
  return path.reduce<Json>((inner, name) => (isObject(inner) && Object.hasOwn(inner, name) ? inner[name]! : ''), value);
}

export function textAt(value: Json, ...path: readonly string[]): string | undefined {
  const text = at(value, ...path);
  return typeof text === 'string' && text !== '' ? text : undefined;
}

export function listIn(value: Json, name: string): readonly Json[] {
  const list = at(value, name);
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

/** An amount element in CNY → fen. */
export function fenOfAmount(amount: Json): bigint | undefined {
  return isObject(amount) && amount['@Ccy'] === 'CNY' ? fenIn(amount['#text'] ?? '') : undefined;
}

/** Amt with CdtDbtInd, in fen of CNY: money in is positive, out negative. */
export function signedFen(of: Json): bigint | undefined {
  const fen = fenOfAmount(at(of, 'Amt'));
  const side = textAt(of, 'CdtDbtInd');
  if (fen === undefined || (side !== 'CRDT' && side !== 'DBIT')) return undefined;
  return side === 'CRDT' ? fen : -fen;
}

export function fenIn(text: Json): bigint | undefined {
  const fen = parseFen(text, 'yuan');
  return fen.ok ? fen.value : undefined;
}

/** Dt, or the day of DtTm as the bank writes it. */
export function dayIn(of: Json): string | undefined {
  const day = textAt(of, 'Dt') ?? textAt(of, 'DtTm')?.slice(0, 10);
  return day !== undefined && isDate(day) ? day : undefined;
}
