import { blocksOf, MAX_PIECE_BYTES } from '../contract/blocks.ts';
import { isObject, parseJson } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { quickJournalRow } from './journal-quick.ts';
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
    const text = textOf(block.bytes);
    const rows: JournalRow[] = [];
    // Characters where the bytes are text, so that both ways find the same ends of lines; bytes where they are not.
    const whole = text ?? block.bytes;
    for (let from = 0; from < whole.length; ) {
      line++;
      const quick = text === undefined ? undefined : quickJournalRow(text, from, line);
      if (quick !== undefined) {
        rows.push(quick.row);
        from = quick.end + 1;
        continue;
      }
      const at = typeof whole === 'string' ? whole.indexOf('\n', from) : whole.indexOf(LF, from);
      const end = at < 0 ? whole.length : at;
      const bytes = typeof whole === 'string' ? Buffer.from(whole.slice(from, end)) : whole.subarray(from, end);
      from = end + 1;
      if (bytes.byteLength === 0) continue;
      const row = strictRow(bytes, line);
      if (!row.ok) {
        return refused(...row.refusals.map((one) => ({ ...one, pointer: `/${line}${one.pointer}` })));
      }
      rows.push(row.value);
    }
    if (rows.length > 0) yield rows;
  }
  return accepted(line);
}

function strictRow(bytes: Buffer, line: number): Checked<JournalRow> {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  return isObject(json.value) ? journalRowOf(json.value, line) : refused(refuse('wrong-type'));
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
