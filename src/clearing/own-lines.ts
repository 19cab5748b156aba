import { createHash } from 'node:crypto';
import { blocksOf } from '../contract/blocks.ts';
import {
  type BadRow,
  controlsOf,
  isBad,
  type StatedRow,
  type StatementReader,
  strictRow,
  unreadable,
} from '../contract/books.ts';
import { type Exchange, isExchange } from '../contract/exchange.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../contract/json.ts';
import type { Statement } from '../contract/message.ts';
import { parseMessage } from '../contract/parse.ts';
import { refuse, refused } from '../contract/refusal.ts';
import { type SaidFurther, withFurther } from './further.ts';

/**
 * A book in the unified form, JSON lines: the first is the statement without its rows (schemas/statement.schema.json), each
 * other one row, which may also have `listing`, `quantity`, `tax` and money of another currency. Its digest is SHA-256 over
 * the rows' exact bytes, each with its line feed.
 */
export async function* readOwnLines(source: AsyncIterable<Uint8Array>): StatementReader {
  const hash = createHash('sha256');
  let head: Statement | undefined;
  let line = 0;
  for await (const block of blocksOf(source, '\n')) {
    if (block.is === 'overlong') return refused(refuse('too-large', `/${line + 1}`));
    const rows: StatedRow[] = [];
    const bad: BadRow[] = [];
    for (let from = 0; from < block.bytes.byteLength; ) {
      const at = block.bytes.indexOf(0x0a, from);
      const end = at < 0 ? block.bytes.byteLength : at;
      const bytes = block.bytes.subarray(from, end);
      from = end + 1;
      line++;
      const json = parseJson(bytes);
      if (head === undefined) {
        if (!json.ok) return json;
        const read = isObject(json.value) ? parseMessage({ ...json.value, rows: [] }) : json;
        if (!read.ok) return read;
        head = read.value as Statement;
        if (head.kind !== 'statement' || !isExchange(head.exchange)) return refused(refuse('unknown-kind', '/kind'));
        continue;
      }
      hash.update(bytes).update('\n');
      const row =
        json.ok && isObject(json.value)
          ? lineIn(head.exchange, json.value, line, bytes)
          : unreadable(line, bytes, json.ok ? [refuse('wrong-type')] : json.refusals);
      if (isBad(row)) bad.push(row);
      else rows.push(row);
    }
    yield { rows, bad };
  }
  if (head === undefined) return refused(refuse('missing-field', '', 'statement'));
  return controlsOf(head.exchange, head as unknown as JsonObject, hash.digest('hex'));
}

/** The row in the contract's words, and beside it what it says beyond them. */
function lineIn(exchange: Exchange, line: JsonObject, no: number, bytes: Uint8Array): StatedRow | BadRow {
  const { listing, quantity, tax, ...row } = line;
  const currencies = [row.price, row.fee, tax].flatMap((one) =>
    isObject(one) && 'currency' in one ? [one.currency] : [],
  );
  const said = { listing, quantity, tax: isObject(tax) ? tax.amount : tax, currency: currencies[0] };
  const isText = Object.values(said).every((one) => one === undefined || typeof one === 'string');
  if (!isText || (tax !== undefined && !isObject(tax))) return unreadable(no, bytes, [refuse('wrong-type')], row);
  if (new Set(currencies).size > 1) return unreadable(no, bytes, [refuse('inconsistent', '/currency')], row);
  const inYuan = (money: Json | undefined) =>
    isObject(money) && 'currency' in money ? { ...money, currency: 'CNY' } : money;
  const read = strictRow(exchange, { ...row, price: inYuan(row.price), fee: inYuan(row.fee) } as JsonObject, no, bytes);
  return isBad(read) ? read : withFurther(read, said as SaidFurther, bytes);
}
