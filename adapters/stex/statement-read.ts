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
import { date } from '../../src/contract/codecs.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { isObject, type JsonObject } from '../../src/contract/json.ts';
import { type Mapping, readTree, Turned } from '../../src/contract/mapping.ts';
import { MAX_FEN } from '../../src/contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../../src/contract/refusal.ts';
import { codes } from './codes.ts';
import { readGb18030 } from './gb18030.ts';
import { rowFields, statementFields } from './statement.ts';
import { readTreeOf } from './wire.ts';

const MAX_HEAD_BYTES = 65_536;
const SPACE = /[ \t\r\n]*/y;

/**
 * A row written as nearly all are, in bytes as Latin-1: safe on GB18030, for no byte of its longer characters is `<`, `>`
 * or `&`. What does not look like this is read as XML; what does reads the same both ways.
 */
const QUICK = (() => {
  const name = '[^<>&\\u0000-\\u001f\\u007f]{1,200}';
  const party = '([\\u0020-\\u0025\\u0027-\\u003b\\u003d\\u003f-\\u007e]{1,64})';
  const yuan = '(0|[1-9]\\d{0,2}(?:,\\d{3}){0,4})\\.(\\d\\d)';
  return new RegExp(
    `<R><CJBH>(${name})</CJBH><YCJBH(?:/>|></YCJBH>|>(${name})</YCJBH>)<JS>([12])</JS><DFJYS>(CTEX|STEX|SZSE)</DFJYS>` +
      `<ZT>([123])</ZT><SRFDM>${party}</SRFDM><CRFDM>${party}</CRFDM><CJJG>${yuan}</CJJG><SXF>${yuan}</SXF>` +
      '<YWRQ>(\\d{8})</YWRQ><ZJZT>[012]</ZJZT></R>',
    'y',
  );
})();
const PLAIN = /^[\x20-\x7e]*$/;
const UNUSUAL = /[\u007f\ufffe\uffff]/;

const compact = date('compact');
/** `20260302` → `2026-03-02`; undefined: no such date. */
const dateOf = remembering((text) => {
  const read = compact.decode(text, {});
  return read instanceof Turned ? undefined : String(read);
});

/** `DZD` without its rows. */
const headFields: Mapping = {
  ...statementFields,
  rows: statementFields.rows.filter((row) => row.native.startsWith('@')),
};

/** The day-end books as a stream: the start tag, R after R, and SM3 over their exact bytes. */
export async function* readStatement(source: AsyncIterable<Uint8Array>): StatementReader {
  const rowsRead = new RowsRead();
  let head: JsonObject | undefined;
  let before: Buffer = Buffer.alloc(0);
  for await (const block of blocksOf(source, '</R>')) {
    if (block.is === 'overlong') return refused(refuse('too-large', `/R/${rowsRead.count}`));
    let bytes = block.bytes;
    if (head === undefined) {
      before = before.byteLength === 0 ? bytes : Buffer.concat([before, bytes]);
      const tag = before.indexOf('<DZD');
      const end = tag < 0 ? -1 : before.indexOf('>', tag);
      if (end < 0 && block.is !== 'rest' && before.byteLength < MAX_HEAD_BYTES) continue;
      const read = headOf(end < 0 ? before : before.subarray(0, end + 1));
      if (!read.ok) return read;
      head = read.value;
      bytes = before.subarray(end + 1);
      if (before[end - 1] === 0x2f) rowsRead.isClosed = true;
    }
    const batch = rowsRead.read(bytes, block.is === 'rest');
    if (!batch.ok) return batch;
    yield batch.value;
  }
  if (head === undefined || !rowsRead.isClosed) return refused(refuse('not-xml', '', '</DZD>'));
  return controlsOf('stex', head, rowsRead.digest());
}

/** Everything up to the end of the start tag, read as a document of its own. */
function headOf(bytes: Buffer): Checked<JsonObject> {
  const isEmpty = bytes.at(-2) === 0x2f;
  const whole = isEmpty || bytes.at(-1) !== 0x3e ? bytes : Buffer.concat([bytes.subarray(0, -1), Buffer.from('/>')]);
  const read = readTreeOf(whole);
  if (!read.ok) return read;
  if (read.value.name !== 'DZD') return refused(refuse('unknown-kind', '', read.value.name.slice(0, 40)));
  const fields = readTree(headFields, isObject(read.value.value) ? read.value.value : {});
  return fields.refusals.length > 0 ? refused(...fields.refusals.slice(0, 50)) : accepted(fields.value);
}

/** What stands between the tags of DZD. */
class RowsRead {
  count = 0;
  isClosed = false;
  readonly #hash = createHash('sm3');

  digest(): string {
    return this.#hash.digest('hex');
  }

  /** Rows in whole; `isLast`: then there must be the end tag. */
  read(
    bytes: Buffer,
    isLast: boolean,
  ): Checked<{ readonly rows: readonly StatedRow[]; readonly bad: readonly BadRow[] }> {
    const text = bytes.toString('latin1');
    const quick: Found[] = [];
    const bad: BadRow[] = [];
    // Rows parted by one line feed each, as the digest joins them, are hashed in one piece as they stand.
    let runFrom = 0;
    let runTo = -1;
    const endRun = () => {
      if (runTo >= 0) this.#hash.update(bytes.subarray(runFrom, runTo));
    };
    const hashRow = (from: number, to: number) => {
      if (runTo === from - 1 && bytes[runTo] === 0x0a) {
        runTo = to;
        return;
      }
      endRun();
      if (this.count > 1) this.#hash.update('\n');
      [runFrom, runTo] = [from, to];
    };
    let at = 0;
    while (true) {
      SPACE.lastIndex = at;
      SPACE.exec(text);
      at = SPACE.lastIndex;
      if (at === text.length) break;
      if (this.isClosed) return refused(refuse('not-xml', '', 'text outside the root'));
      QUICK.lastIndex = at;
      const field = QUICK.exec(text);
      const businessDate = field === null ? undefined : dateOf(field[12]!);
      if (field !== null && businessDate !== undefined) {
        this.count++;
        hashRow(at, QUICK.lastIndex);
        quick.push({ field, line: this.count, from: at, to: QUICK.lastIndex, businessDate });
        at = QUICK.lastIndex;
        continue;
      }
      if (/^<\/DZD[ \t\r\n]*>/.test(text.slice(at, at + 100))) {
        this.isClosed = true;
        at = text.indexOf('>', at) + 1;
        continue;
      }
      if (!/^<R[ \t\r\n/>]/.test(text.slice(at, at + 3))) return refused(refuse('not-xml', `/R/${this.count}`));
      const tagEnd = text.indexOf('>', at);
      const close = text[tagEnd - 1] === '/' ? tagEnd + 1 : text.indexOf('</R>', at) + 4;
      if (tagEnd < 0 || close < 4) return refused(refuse('not-xml', `/R/${this.count}`));
      this.count++;
      hashRow(at, close);
      const row = slowRow(bytes.subarray(at, close), this.count);
      if (isBad(row)) bad.push(row);
      else quick.push({ row });
      at = close;
    }
    endRun();
    if (isLast && !this.isClosed) return refused(refuse('not-xml', '', '</DZD>'));
    return accepted({ rows: rowsOf(quick, bytes, bad), bad });
  }
}

type Found =
  | { readonly row: StatedRow }
  | {
      readonly field: RegExpExecArray;
      readonly line: number;
      readonly from: number;
      readonly to: number;
      readonly businessDate: string;
    };

/** Numbers hold Chinese: they are decoded together, since one call for each would cost more than all the rest. */
function rowsOf(found: readonly Found[], bytes: Buffer, bad: BadRow[]): readonly StatedRow[] {
  const written: string[] = [];
  for (const one of found) if ('field' in one) written.push(one.field[1]!, one.field[2] ?? '');
  const numbers = decoded(written);
  const rows: StatedRow[] = [];
  let i = 0;
  for (const one of found) {
    if ('row' in one) {
      rows.push(one.row);
      continue;
    }
    const [dealNumber, home] = [numbers[i++], numbers[i++]];
    const row = dealNumber === undefined || home === undefined ? undefined : quickRow(one, dealNumber, home);
    const read = row ?? slowRow(bytes.subarray(one.from, one.to), one.line);
    if (isBad(read)) bad.push(read);
    else rows.push(read);
  }
  return rows;
}

function quickRow(one: Extract<Found, { field: unknown }>, dealNumber: string, home: string): StatedRow | undefined {
  const { field } = one;
  if (dealNumber.length > 64 || home.length > 64 || UNUSUAL.test(dealNumber) || UNUSUAL.test(home)) return undefined;
  const row: StatedRow = {
    line: one.line,
    dealNumber,
    homeDealNumber: home === '' ? undefined : home,
    role: field[3] === '1' ? 'home' : 'host',
    counterExchange: codes.exchange[field[4]!] as Exchange,
    state: codes['DZD/ZT'][field[5]!] as StatedRow['state'],
    buyer: field[6]!,
    seller: field[7]!,
    priceFen: fen(field[8]!, field[9]!),
    feeFen: fen(field[10]!, field[11]!),
    businessDate: one.businessDate,
  };
  return placeless('stex', row) === undefined && row.priceFen <= MAX_FEN && row.feeFen <= MAX_FEN ? row : undefined;
}

function fen(whole: string, fraction: string): bigint {
  return BigInt((whole.length > 3 ? whole.replaceAll(',', '') : whole) + fraction);
}

/** Texts of bytes as Latin-1, decoded; undefined where it is no GB18030. A line feed is part of no longer character. */
function decoded(written: readonly string[]): readonly (string | undefined)[] {
  const joined = written.join('\n');
  if (PLAIN.test(joined.replaceAll('\n', ''))) return written;
  const all = readGb18030(Buffer.from(joined, 'latin1'))?.split('\n');
  return all ?? written.map((text) => readGb18030(Buffer.from(text, 'latin1')));
}

/** One R element, read as XML and field by field. */
function slowRow(bytes: Buffer, line: number): StatedRow | BadRow {
  const tree = readTreeOf(bytes);
  if (!tree.ok) return unreadable(line, bytes, tree.refusals);
  const { value } = tree.value;
  const read = readTree(rowFields, isObject(value) ? value : {});
  return read.refusals.length > 0
    ? unreadable(line, bytes, read.refusals, read.value)
    : strictRow('stex', read.value, line, bytes);
}
