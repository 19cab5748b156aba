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
import { isExchange } from '../contract/exchange.ts';
import { isObject, type JsonObject, parseJson } from '../contract/json.ts';
import type { Statement } from '../contract/message.ts';
import { parseMessage } from '../contract/parse.ts';
import { refuse, refused } from '../contract/refusal.ts';

/**
 * A book in the unified form, JSON lines: the first is the statement without its rows (schemas/statement.schema.json), each
 * other one row. Its digest is SHA-256 over the rows' exact bytes, each with its line feed.
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
          ? strictRow(head.exchange, json.value, line, bytes)
          : unreadable(line, bytes, json.ok ? [refuse('wrong-type')] : json.refusals);
      if (isBad(row)) bad.push(row);
      else rows.push(row);
    }
    yield { rows, bad };
  }
  if (head === undefined) return refused(refuse('missing-field', '', 'statement'));
  return controlsOf(head.exchange, head as unknown as JsonObject, hash.digest('hex'));
}
