import { createHash } from 'node:crypto';
import {
  type BadRow,
  controlsOf,
  isBad,
  type StatedRow,
  type StatementReader,
  strictRow,
  unreadable,
} from '../contract/books.ts';
import { isDate } from '../contract/dates.ts';
import { type Exchange, isExchange } from '../contract/exchange.ts';
import type { JsonObject } from '../contract/json.ts';
import { isYuan } from '../contract/money.ts';
import { type Checked, refuse, refused } from '../contract/refusal.ts';
import type { TableRecord, TableRecords } from './csv-read.ts';
import { withFurther } from './further.ts';
import { dateOfSerial } from './xlsx-read.ts';

/**
 * A book as a table, CSV or XLSX, for exchanges and people who have no better: the first record names the book, the second
 * the columns (either language, any order), then one record for each deal.
 *
 *     book,<exchange>,<date>,<batch>,<opening count>,<count>,<total price>,<total fee>[,<SHA-256 of the deals' records>]
 *
 * The listing, currency, quantity and tax may be left away. Amounts are yuan; a spreadsheet may leave trailing zeros of the
 * fen away and write dates as its day numbers. Words of states and roles are the contract's, or Chinese.
 */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  dealNumber: ['deal_number', '成交编号'],
  homeDealNumber: ['home_deal_number', '主场成交编号'],
  role: ['role', '角色'],
  counterExchange: ['counter_exchange', '对方交易所'],
  state: ['state', '状态'],
  buyerCode: ['buyer_code', '买方代码'],
  sellerCode: ['seller_code', '卖方代码'],
  price: ['price', '成交价'],
  fee: ['fee', '手续费'],
  businessDate: ['business_date', '业务日期'],
  listing: ['listing', '挂牌编号'],
  currency: ['currency', '币种'],
  quantity: ['quantity', '数量'],
  tax: ['tax', '税额'],
};
/** Columns that a book may do without. */
const OPTIONAL = ['homeDealNumber', 'listing', 'currency', 'quantity', 'tax'];
const WORDS: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  主场: 'home',
  客场: 'host',
  已签约: 'signed',
  已鉴证: 'certified',
  已撤销: 'cancelled',
});

export async function* readTableBook(records: TableRecords): StatementReader {
  let head: JsonObject | undefined;
  let names: readonly string[] | undefined;
  const hash = createHash('sha256');
  let next = await records.next();
  for (; next.done !== true; next = await records.next()) {
    const rows: StatedRow[] = [];
    const bad: BadRow[] = [];
    for (const record of next.value) {
      if (head === undefined) {
        const read = headIn(record.cells);
        if (!read.ok) return read;
        head = read.value;
      } else if (names === undefined) {
        const read = namesIn(record.cells);
        if (!read.ok) return read;
        names = read.value;
      } else {
        hash.update(`${record.text}\n`);
        const row = rowIn(head.exchange as Exchange, names, record);
        if (isBad(row)) bad.push(row);
        else rows.push(row);
      }
    }
    yield { rows, bad };
  }
  if (next.value !== undefined) return refused(refuse(next.value));
  if (head === undefined) return refused(refuse('missing-field', '', 'book'));
  const found = hash.digest('hex');
  return controlsOf(head.exchange as Exchange, { ...head, digest: head.digest ?? found }, found);
}

function headIn(cells: readonly string[]): Checked<JsonObject> {
  const [mark, exchange, date, batch, openingCount, count, totalPrice, totalFee, digest] = cells;
  if (mark !== 'book' && mark !== '对账单') return refused(refuse('unknown-kind', '', String(mark).slice(0, 40)));
  if (!isExchange(exchange)) return refused(refuse('unknown-code', '/exchange'));
  const day = dateIn(date ?? '');
  if (!isDate(day)) return refused(refuse('bad-date', '/date'));
  for (const [name, text] of Object.entries({ batch, openingCount, count })) {
    if (text === undefined || !/^(0|[1-9]\d{0,8})$/.test(text)) return refused(refuse('bad-number', `/${name}`));
  }
  if (batch === '0') return refused(refuse('bad-number', '/batch'));
  for (const [name, text] of Object.entries({ totalPrice, totalFee })) {
    if (text === undefined || !isYuan(money(text).amount)) return refused(refuse('bad-money', `/${name}`));
  }
  return {
    ok: true,
    value: {
      exchange,
      date: day,
      batch: Number(batch),
      openingCount: Number(openingCount),
      count: Number(count),
      totalPrice: money(totalPrice!),
      totalFee: money(totalFee!),
      ...(digest === undefined || digest === '' ? {} : { digest }),
    },
  };
}

function namesIn(cells: readonly string[]): Checked<readonly string[]> {
  const names: string[] = [];
  for (const cell of cells) {
    const name = Object.keys(COLUMNS).find((key) => COLUMNS[key]!.includes(cell.trim()));
    if (name === undefined) return refused(refuse('unknown-field', '', cell.slice(0, 40)));
    if (names.includes(name)) return refused(refuse('duplicate-key', '', cell.slice(0, 40)));
    names.push(name);
  }
  const missing = Object.keys(COLUMNS).find((name) => !OPTIONAL.includes(name) && !names.includes(name));
  return missing === undefined ? { ok: true, value: names } : refused(refuse('missing-field', `/${missing}`));
}

function rowIn(exchange: Exchange, names: readonly string[], { line, cells, text }: TableRecord): StatedRow | BadRow {
  const bytes = Buffer.from(text);
  const row: Record<string, JsonObject | string> = { funds: 'none' };
  const said: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const cell = cells[i] ?? '';
    if (cell === '') continue;
    if (name === 'tax') said[name] = money(cell).amount;
    else if (name === 'listing' || name === 'currency' || name === 'quantity') said[name] = cell;
    else if (name === 'price' || name === 'fee') row[name] = money(cell);
    else if (name === 'businessDate') row[name] = dateIn(cell);
    else row[name] = name === 'role' || name === 'state' ? (WORDS[cell] ?? cell) : cell;
  }
  if (cells.length > names.length) return unreadable(line, bytes, [refuse('bad-format', '', `${cells.length}`)], row);
  const read = strictRow(exchange, row, line, bytes);
  return isBad(read) ? read : withFurther(read, said, bytes);
}

function money(amount: string): { readonly amount: string; readonly currency: 'CNY' } {
  const [whole, fraction] = amount.split('.', 2) as [string, string?];
  const isShort = /^\d+(\.\d)?$/.test(amount);
  return { amount: isShort ? `${whole}.${(fraction ?? '').padEnd(2, '0')}` : amount, currency: 'CNY' };
}

function dateIn(cell: string): string {
  return /^[1-9]\d{4}$/.test(cell) ? dateOfSerial(Number(cell)) : cell;
}
