import { formatFen } from '../../contract/money.ts';
import { type Cell, type Column, type Row, serialOf } from '../report.ts';
import { type ZipFile, zipped } from '../zip-write.ts';

/** A column of a sheet. */
export interface SheetColumn extends Column {
  readonly isHidden?: boolean;
  /** To be filled in; all other cells are locked once there is one such column. */
  readonly isOpen?: boolean;
  /** What may be chosen in it. */
  readonly choices?: readonly string[];
}

export interface Sheet {
  /** At most 31 characters, none of `[]:*?/\`. */
  readonly name: string;
  readonly columns: readonly SheetColumn[];
  rows(): AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
}

/** Numbers in styles.xml below. */
const STYLES = { text: 1, id: 1, money: 2, count: 3, date: 4, head: 5, open: 6 } as const;
/** Excel keeps numbers as doubles and shows 15 digits: what has more stands as text. */
const EXACT_FEN = 10n ** 15n;
const MOST_CHARACTERS = 32_767;
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/**
 * A workbook (ECMA-376 part 1, §18) as a stream of bytes: rows go through, none is kept. Amounts are numbers written from
 * their exact digits, ids are text, and no cell is a formula.
 */
export async function* writeWorkbook(sheets: readonly Sheet[]): AsyncGenerator<Uint8Array, void, void> {
  const files: ZipFile[] = [
    { name: '[Content_Types].xml', text: [contentTypes(sheets.length)] },
    { name: '_rels/.rels', text: [relations([['officeDocument', 'xl/workbook.xml']])] },
    { name: 'xl/workbook.xml', text: [book(sheets)] },
    {
      name: 'xl/_rels/workbook.xml.rels',
      text: [relations([...sheets.map((_, i) => ['worksheet', placeOf(i)] as const), ['styles', 'styles.xml']])],
    },
    { name: 'xl/styles.xml', text: [styles] },
    ...sheets.map((sheet, i) => ({ name: `xl/${placeOf(i)}`, text: sheetText(sheet) })),
  ];
  yield* zipped(files);
}

const placeOf = (i: number) => `worksheets/sheet${i + 1}.xml`;

async function* sheetText({ columns, rows }: Sheet): AsyncGenerator<string, void, void> {
  const letters = columns.map((_, i) => lettersOf(i));
  const isGuarded = columns.some(({ isOpen }) => isOpen);
  const cols = columns.map(({ width, isHidden }, i) => {
    const hidden = isHidden ? ' hidden="1"' : '';
    return `<col min="${i + 1}" max="${i + 1}" width="${width}" customWidth="1"${hidden}/>`;
  });
  const heads = columns.map(({ zh, en }, i) => textCell(`${letters[i]}1`, STYLES.head, `${zh} ${en}`));
  yield `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>${cols.join('')}</cols><sheetData><row r="1">${heads.join('')}</row>`;
  let line = 1;
  for await (const page of rows()) {
    let text = '';
    for (const row of page) {
      line++;
      const cells = columns.map((column, i) => cellOf(`${letters[i]}${line}`, column, row[i] ?? null));
      text += `<row r="${line}">${cells.join('')}</row>`;
    }
    yield text;
  }
  yield `</sheetData>${isGuarded ? '<sheetProtection sheet="1" autoFilter="0" sort="0" formatColumns="0"/>' : ''}`;
  yield `<autoFilter ref="A1:${letters.at(-1)}${line}"/>${choicesIn(columns, letters, line)}</worksheet>`;
}

function choicesIn(columns: readonly SheetColumn[], letters: readonly string[], last: number): string {
  const lists = columns.flatMap(({ choices }, i) =>
    choices === undefined || last < 2
      ? []
      : `<dataValidation type="list" allowBlank="1" showErrorMessage="1" sqref="${letters[i]}2:${letters[i]}${last}"><formula1>${escaped(`"${choices.join(',')}"`)}</formula1></dataValidation>`,
  );
  return lists.length === 0 ? '' : `<dataValidations count="${lists.length}">${lists.join('')}</dataValidations>`;
}

function cellOf(at: string, column: SheetColumn, cell: Cell): string {
  if (column.isOpen) return textCell(at, STYLES.open, String(cell ?? ''));
  if (cell === null) return '';
  const style = STYLES[column.kind];
  if (typeof cell === 'string') {
    return column.kind === 'date' ? numberCell(at, style, String(serialOf(cell))) : textCell(at, style, cell);
  }
  const size = cell < 0n ? -cell : cell;
  const text = column.kind === 'money' ? formatFen(cell, 'yuan') : String(cell);
  return size < EXACT_FEN ? numberCell(at, style, text) : textCell(at, STYLES.text, text);
}

const numberCell = (at: string, style: number, value: string) => `<c r="${at}" s="${style}"><v>${value}</v></c>`;
const textCell = (at: string, style: number, text: string) =>
  `<c r="${at}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(text.slice(0, MOST_CHARACTERS))}</t></is></c>`;

/** What may not stand in XML 1.0: controls, halves of a pair, U+FFFE and U+FFFF. */
const NOT_XML = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

/** Text in XML. `_x0041_` would be read as A by spreadsheets: its underscore is escaped their way (ECMA-376 §22.9.2.19). */
function escaped(text: string): string {
  return text
    .replace(NOT_XML, '\ufffd')
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

/** 0 → A, 26 → AA. */
export function lettersOf(column: number): string {
  const last = String.fromCharCode(65 + (column % 26));
  return column < 26 ? last : lettersOf(Math.floor(column / 26) - 1) + last;
}

function book(sheets: readonly Sheet[]): string {
  const list = sheets.map(({ name }, i) => `<sheet name="${escaped(name)}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`);
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${list.join('')}</sheets></workbook>`;
}

function relations(targets: readonly (readonly [string, string])[]): string {
  const list = targets.map(
    ([kind, to], i) => `<Relationship Id="rId${i + 1}" Type="${OFFICE}/${kind}" Target="${to}"/>`,
  );
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${list.join('')}</Relationships>`;
}

function contentTypes(sheets: number): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts = Array.from({ length: sheets }, (_, i) => [placeOf(i), 'worksheet'] as const);
  const list = parts.map(([place, kind]) => `<Override PartName="/xl/${place}" ContentType="${type}.${kind}+xml"/>`);
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/>${list.join('')}</Types>`;
}

/** Cell formats by number: general, text, amount, count, date, heading, to be filled in. */
const styles = `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE7ECF3"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor rgb="FFFFF8DC"/></patternFill></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="7"><xf xfId="0"/><xf numFmtId="49" applyNumberFormat="1" xfId="0"/><xf numFmtId="4" applyNumberFormat="1" xfId="0"/><xf numFmtId="3" applyNumberFormat="1" xfId="0"/><xf numFmtId="164" applyNumberFormat="1" xfId="0"/><xf fontId="1" fillId="2" applyFont="1" applyFill="1" applyAlignment="1" xfId="0"><alignment wrapText="1" vertical="center"/></xf><xf numFmtId="49" fillId="3" applyNumberFormat="1" applyFill="1" applyProtection="1" xfId="0"><protection locked="0"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
