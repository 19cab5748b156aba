/** Rows as CSV for spreadsheets (RFC 4180): UTF-8 with a byte order mark, CRLF, and no cell that is taken for a formula. */

const BYTE_ORDER_MARK = '\ufeff';
/** What spreadsheets begin a formula with, full-width forms and leading blanks included (OWASP, CSV injection). */
const FORMULA = /^[\s\u00a0\u3000]*[=+\-@＝＋－＠|%]/u;
const BLANK_FIRST = /^[\t\r\n]/;
/** A signed amount begins with a minus sign and calculates nothing. */
const AMOUNT = /^-?\d+(\.\d+)?$/;

/** The first line of a file, which bears the byte order mark. */
export function csvHead(names: readonly string[]): string {
  return BYTE_ORDER_MARK + csvLine(names);
}

/** One row. Null is an empty cell; what could be a formula gets an apostrophe in front and is text from then on. */
export function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map((cell) => (cell === null ? '' : quoted(safe(cell)))).join(',')}\r\n`;
}

function safe(cell: string): string {
  if (AMOUNT.test(cell)) return cell;
  return FORMULA.test(cell) || BLANK_FIRST.test(cell) ? `'${cell}` : cell;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
