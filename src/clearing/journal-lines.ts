import { blocksOf, MAX_PIECE_BYTES } from '../contract/blocks.ts';
import { isObject, type Json, parseJson } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { type JournalRow, journalRowOf } from './journal-row.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LF = 0x0a;

/**
 * The journal's deals from JSON lines, one unified deal a line, several versions of a deal in any order. The journal is
 * ours: the first line that is wrong refuses the whole (pointer `/<line>/…`), at the end the number of lines.
 */
export async function* readJournalLines(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly JournalRow[], Checked<number>, void> {
  let line = 0;
  for await (const block of blocksOf(source, '\n', 16 * MAX_PIECE_BYTES)) {
    if (block.is === 'overlong') return refused(refuse('too-large', `/${line + 1}`));
    const rows: JournalRow[] = [];
    for (let from = 0; from < block.bytes.byteLength; ) {
      const at = block.bytes.indexOf(LF, from);
      const end = at < 0 ? block.bytes.byteLength : at;
      const bytes = block.bytes.subarray(from, end);
      from = end + 1;
      line++;
      if (bytes.byteLength === 0) continue;
      const row = rowIn(bytes, line);
      if (!row.ok) {
        return refused(...row.refusals.map((one) => ({ ...one, pointer: `/${line}${one.pointer}` })));
      }
      rows.push(row.value);
    }
    if (rows.length > 0) yield rows;
  }
  return accepted(line);
}

function rowIn(bytes: Buffer, line: number): Checked<JournalRow> {
  const json = quick(bytes) ?? parseJson(bytes);
  if (!json.ok) return json;
  return isObject(json.value) ? journalRowOf(json.value, line) : refused(refuse('wrong-type'));
}

/**
 * JSON.parse takes the last of two equal keys in silence, and rounds. What it reads is certain where writing it again gives
 * the very same text, which is so for every line that a program wrote without spaces; anything else is read strictly.
 */
function quick(bytes: Buffer): Checked<Json> | undefined {
  try {
    const text = utf8.decode(bytes);
    const value = JSON.parse(text) as Json;
    return JSON.stringify(value) === text ? accepted(value) : undefined;
  } catch {
    return undefined;
  }
}
