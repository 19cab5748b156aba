import { addDays } from '../contract/dates.ts';
import { isObject, type Json, type JsonObject } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { readXml } from '../contract/xml.ts';
import type { TableRecord, TableRecords } from './csv-read.ts';
import { Zip } from './zip-read.ts';

/** What one workbook may unpack to. A book too large for it comes as CSV or in the exchange's own form. */
const MAX_UNPACKED = 64 * 1_048_576;

/** Elements of SpreadsheetML (ECMA-376 part 1, §18) that repeat, and in what. */
const SHEET = new Map([
  ['row', 'sheetData'],
  ['c', 'row'],
  ['col', 'cols'],
  ['mergeCell', 'mergeCells'],
  ['sheetView', 'sheetViews'],
  ['selection', 'sheetView'],
]);
const STRINGS = new Map([
  ['si', 'sst'],
  ['r', 'si'],
  ['rPh', 'si'],
]);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The first sheet of a workbook as records of text, empty rows passed over; as a stream, to be read like CSV. */
export async function* readXlsx(bytes: Buffer): TableRecords {
  const records = sheetIn(bytes);
  if (!records.ok) return records.refusals[0]?.code === 'too-large' ? 'too-large' : 'bad-format';
  if (records.value.length > 0) yield records.value;
  return undefined;
}

/** The same at once, or every reason why not; `most`: bytes it may unpack to. */
export function sheetIn(bytes: Buffer, most = MAX_UNPACKED): Checked<readonly TableRecord[]> {
  const zip = Zip.open(bytes, most);
  if (!zip.ok) return zip;
  const strings = zip.value.has('xl/sharedStrings.xml')
    ? treeOf(zip.value, 'xl/sharedStrings.xml', STRINGS)
    : accepted<JsonObject>({});
  if (!strings.ok) return strings;
  const texts = listIn(strings.value, 'si').map(richText);
  const sheet = treeOf(zip.value, 'xl/worksheets/sheet1.xml', SHEET);
  if (!sheet.ok) return sheet;
  const rows = isObject(sheet.value.sheetData ?? '') ? listIn(sheet.value.sheetData as JsonObject, 'row') : [];
  const records: TableRecord[] = [];
  for (const [i, row] of rows.entries()) {
    const cells: string[] = [];
    for (const cell of isObject(row) ? listIn(row, 'c') : []) {
      if (!isObject(cell)) return refused(refuse('wrong-type', `/row/${i}`));
      const column = columnOf(String(cell['@r'] ?? ''), cells.length);
      if (column === undefined) return refused(refuse('bad-format', `/row/${i}`, String(cell['@r']).slice(0, 10)));
      while (cells.length <= column) cells.push('');
      const text = textOf(cell, texts);
      if (text === undefined) return refused(refuse('bad-format', `/row/${i}`, String(cell['@r'] ?? column)));
      cells[column] = text;
    }
    while (cells.at(-1) === '') cells.pop();
    const line = Number((isObject(row) ? row['@r'] : undefined) ?? i + 1);
    if (cells.length > 0) records.push({ line, cells, text: cells.join('\t') });
  }
  return accepted(records);
}

function treeOf(zip: Zip, name: string, repeated: ReadonlyMap<string, string>): Checked<JsonObject> {
  const file = zip.read(name);
  if (!file.ok) return file;
  let text: string;
  try {
    text = utf8.decode(file.value);
  } catch {
    return refused(refuse('not-text', '', name));
  }
  const read = readXml(repeated === SHEET ? withoutTail(text) : text, repeated, 'UTF-8');
  if (!read.ok) return read;
  return accepted(isObject(read.value.value) ? read.value.value : {});
}

/** Behind its rows a sheet has what only makes it look and behave as it does: lists to choose from, colours, links. */
function withoutTail(sheet: string): string {
  const end = '</sheetData>';
  const at = sheet.lastIndexOf(end);
  return at < 0 ? sheet : `${sheet.slice(0, at + end.length)}</worksheet>`;
}

function listIn(object: JsonObject, name: string): readonly Json[] {
  const list = object[name];
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

/** `C7` → 2; a cell without a reference stands behind the one before. At most 16,384 columns, as Excel has. */
function columnOf(reference: string, next: number): number | undefined {
  if (reference === '') return next;
  const letters = /^([A-Z]{1,3})\d{1,7}$/.exec(reference)?.[1];
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return column > 16_384 || column - 1 < next ? undefined : column - 1;
}

function textOf(cell: JsonObject, texts: readonly string[]): string | undefined {
  const value = plain(cell.v);
  switch (cell['@t'] ?? 'n') {
    case 's':
      return texts[Number(value)];
    case 'inlineStr':
      return richText(cell.is ?? '');
    case 'str':
    case 'd':
      return value;
    case 'n':
      return value === '' ? '' : numberText(value);
    default:
      // Errors and truth values have no place in a book.
      return undefined;
  }
}

/**
 * A number as Excel shows it: 15 significant digits, for it is kept as a double. Amounts up to ten trillion yuan are exact to
 * the fen that way.
 */
function numberText(value: string): string | undefined {
  const number = Number(value);
  if (!Number.isFinite(number)) return undefined;
  const shown = Number(number.toPrecision(15));
  return Math.abs(shown) >= 1e15 || (shown !== 0 && Math.abs(shown) < 1e-6) ? undefined : String(shown);
}

function richText(item: Json): string {
  if (!isObject(item)) return '';
  const runs = listIn(item, 'r');
  return runs.length > 0 ? runs.map((run) => (isObject(run) ? plain(run.t) : '')).join('') : plain(item.t);
}

/** An element's text, whether or not it has attributes (`xml:space`). */
function plain(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return isObject(value ?? '') ? String((value as JsonObject)['#text'] ?? '') : '';
}

/** Excel's day number → date: 1 is 1900-01-01, and its 1900 has a 29 February that never was. */
export function dateOfSerial(serial: number): string {
  return addDays('1899-12-30', serial);
}
