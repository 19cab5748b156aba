import { createHash } from 'node:crypto';
import { blocksOf, remembering } from '../../src/contract/blocks.ts';
import {
  type BadRow,
  controlsOf,
  isBad,
  placeless,
  type StatedRow,
  type StatementReader,
  strictRow,
  unreadable,
} from '../../src/contract/books.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { Turned } from '../../src/contract/mapping.ts';
import { type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import type { Tree } from '../../src/contract/tree.ts';
import { day } from './codecs.ts';
import { codes } from './codes.ts';
import { HEAD, ROW, readLine, TAIL } from './statement.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LF = 0x0a;

/**
 * A row written as nearly all are: no escapes, no field beyond its limits. What does not look like this is read field by
 * field with the codecs; what does reads the same both ways.
 */
const QUICK = (() => {
  const name = '[^|\\\\\\u0000-\\u001f\\u007f\\ufffe\\uffff]';
  const fen = '(0|[1-9]\\d{0,14})';
  return new RegExp(
    `^D\\|(${name}{1,64})\\|(${name}{0,64})\\|([12])\\|(CTEX|STEX|SZSE)\\|([123])\\|(${name}{1,64})\\|(${name}{1,64})\\|${fen}\\|${fen}\\|(\\d{8})\\|[012]$`,
  );
})();

/** `20260302` → `2026-03-02`; undefined: no such date. */
const dateOf = remembering((text) => {
  const read = day.decode(text, {});
  return read instanceof Turned ? undefined : String(read);
});

/** The day-end file as a stream: header, rows, trailer, and the digest over everything before the trailer. */
export async function* readStatement(source: AsyncIterable<Uint8Array>): StatementReader {
  const hash = createHash('sha256');
  const head: Tree = {};
  const found: Refusal[] = [];
  let line = 0;
  let trailer: Buffer | undefined;
  for await (const block of blocksOf(source, '\n')) {
    if (block.is === 'overlong') return refused(refuse('too-large', `/rows/${line}`));
    if (trailer !== undefined) {
      if (block.bytes.byteLength > 0) return refused(refuse('inconsistent', '/digest', 'T'));
      continue;
    }
    const from = block.bytes.toString('latin1', 0, 2) === 'T|' ? 0 : block.bytes.indexOf('\nT|') + 1;
    const hasTrailer = from > 0 || block.bytes.toString('latin1', 0, 2) === 'T|';
    if (hasTrailer) trailer = block.bytes.subarray(from);
    const body = hasTrailer ? block.bytes.subarray(0, from) : block.bytes;
    if (body.byteLength === 0) continue;
    hash.update(body);
    const lines = linesIn(body);
    let first = 0;
    if (line === 0) {
      const [written] = lines;
      if (typeof written !== 'string') return refused(refuse('not-text'));
      if (!written.startsWith('H|')) return refused(refuse('missing-field', '/date', 'H'));
      readLine(written, HEAD, head, '', found);
      if (found.length > 0) return refused(...found);
      line = first = 1;
    }
    const rows: StatedRow[] = [];
    const bad: BadRow[] = [];
    for (let i = first; i < lines.length; i++) {
      line++;
      const row = rowIn(lines[i]!, line);
      if (isBad(row)) bad.push(row);
      else rows.push(row);
    }
    yield { rows, bad };
  }
  if (line === 0) return refused(refuse('missing-field', '/date', 'H'));
  if (trailer === undefined) return refused(refuse('missing-field', '/digest', 'T'));
  const end = trailer.at(-1) === LF ? trailer.byteLength - 1 : trailer.byteLength;
  const [last, ...more] = linesIn(trailer.subarray(0, end));
  if (more.length > 0) return refused(refuse('inconsistent', '/digest', 'T'));
  if (typeof last !== 'string') return refused(refuse('not-text'));
  readLine(last, TAIL, head, '', found);
  if (found.length > 0) return refused(...found);
  return controlsOf('szse', head, hash.digest('hex'));
}

/** The lines without their line feeds; as bytes where they are no UTF-8. */
function linesIn(bytes: Buffer): readonly (string | Buffer)[] {
  const whole = bytes.at(-1) === LF ? bytes.subarray(0, -1) : bytes;
  const text = textOf(whole);
  if (text !== undefined) return text.split('\n');
  const lines: (string | Buffer)[] = [];
  for (let from = 0; from <= whole.byteLength; ) {
    const at = whole.indexOf(LF, from);
    const end = at < 0 ? whole.byteLength : at;
    const line = whole.subarray(from, end);
    lines.push(textOf(line) ?? line);
    from = end + 1;
  }
  return lines;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function rowIn(written: string | Buffer, line: number): StatedRow | BadRow {
  if (typeof written !== 'string') return unreadable(line, written, [refuse('not-text')]);
  const field = QUICK.exec(written);
  const businessDate = field === null ? undefined : dateOf(field[10]!);
  if (field !== null && businessDate !== undefined) {
    const row: StatedRow = {
      line,
      dealNumber: field[1]!,
      homeDealNumber: field[2] === '' ? undefined : field[2]!,
      role: field[3] === '1' ? 'home' : 'host',
      counterExchange: codes.anyExchange[field[4]!] as Exchange,
      state: codes.bookState[field[5]!] as StatedRow['state'],
      buyer: field[6]!,
      seller: field[7]!,
      priceFen: BigInt(field[8]!),
      feeFen: BigInt(field[9]!),
      businessDate,
    };
    if (placeless('szse', row) === undefined) return row;
  }
  const bytes = Buffer.from(written);
  if (!written.startsWith('D|')) return unreadable(line, bytes, [refuse('unknown-kind', '', written.slice(0, 1))]);
  const row: Tree = {};
  const found: Refusal[] = [];
  readLine(written, ROW, row, '', found);
  return found.length > 0 ? unreadable(line, bytes, found, row) : strictRow('szse', row, line, bytes);
}
