import { furtherText } from '../contract/books.ts';
import type { BookRow } from './row.ts';

/** Which book of which run the rows belong to. */
export interface Shelf {
  readonly cycle: string;
  readonly version: number;
  readonly book: string;
}

const COLUMNS = `cycle, cycle_version, side, deal_id, ordinal, home, host, role, state, buyer, seller, price_fen, fee_fen,
  home_fee_fen, host_fee_fen, business_date, in_flight, listing, native_number, line, book, further`;

export const copyRows = `COPY clearing_row (${COLUMNS}) FROM STDIN`;
/** Rows of deals that this book has had already: the database decides about them when all are there. */
export const copyAgain = `COPY clearing_again (${COLUMNS}, version) FROM STDIN`;
export const createAgain = `CREATE TEMPORARY TABLE clearing_again ON COMMIT DROP AS
  SELECT r.*, 0 AS version FROM clearing_row r LIMIT 0`;
export const rowColumns = COLUMNS;

/** A row in COPY's text form, with its line feed. */
export function copyLine(row: BookRow, { cycle, version, book }: Shelf, more = ''): string {
  return `${cycle}\t${version}\t${row.side}\t${escaped(row.dealId)}\t${row.ordinal}\t${row.home}\t${row.host}\t${
    row.role ?? '\\N'
  }\t${row.state}\t${escaped(row.buyer)}\t${escaped(row.seller)}\t${row.priceFen}\t${row.feeFen}\t${
    row.homeFeeFen ?? '\\N'
  }\t${row.hostFeeFen ?? '\\N'}\t${row.businessDate}\t${row.inFlight ? 't' : 'f'}\t${
    row.listing === undefined ? '\\N' : escaped(row.listing)
  }\t${escaped(row.nativeNumber)}\t${row.line}\t${book}\t${
    row.further === undefined ? '\\N' : escaped(furtherText(row.further))
  }${more}\n`;
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (one) => ESCAPES[one]!) : text;
}
