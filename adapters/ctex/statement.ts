import { createHash } from 'node:crypto';
import { code, money, text, whole } from '../../src/contract/codecs.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/contract/json.ts';
import { type Mapping, type Row, readTree } from '../../src/contract/mapping.ts';
import type { Statement } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import { same } from '../../src/contract/tree.ts';
import { day } from './codecs.ts';
import { codes } from './codes.ts';
import { pointingAtNative } from './pointers.ts';

const amount = money('yuan');
const count = whole(0, Number.MAX_SAFE_INTEGER, true);
const number = text(64);

/** One row. */
export const rowFields: { readonly rows: readonly Row[] } = {
  rows: [
    { native: 'dealNo', unified: 'dealNumber', codec: number, need: true },
    { native: 'homeDealId', unified: 'homeDealNumber', codec: number },
    { native: 'role', unified: 'role', codec: code(codes.bookRole), need: true },
    { native: 'counterExchange', unified: 'counterExchange', codec: code(codes.anyExchange), need: true },
    { native: 'state', unified: 'state', codec: code(codes.bookState), need: true },
    { native: 'buyerCode', unified: 'buyerCode', codec: number, need: true },
    { native: 'sellerCode', unified: 'sellerCode', codec: number, need: true },
    { native: 'dealPrice', unified: 'price', codec: amount, need: true },
    { native: 'fee', unified: 'fee', codec: amount, need: true },
    { native: 'bizDate', unified: 'businessDate', codec: day, need: true },
    { native: 'fundState', unified: 'funds', codec: code(codes.fundState), need: true },
  ],
};

/** One page of the day-end books; `page` and `pages` hold the pages together and are not part of the statement. */
export const page: Mapping = {
  rows: [
    { native: 'date', unified: 'date', codec: day, need: true },
    { native: 'seq', unified: 'batch', codec: whole(1, 9999, true), need: true },
    { native: 'page', unified: 'page', codec: whole(1, 1_000_000, true), need: true },
    { native: 'pages', unified: 'pages', codec: whole(1, 1_000_000, true), need: true },
    { native: 'count', unified: 'count', codec: count, need: true },
    { native: 'totalPrice', unified: 'totalPrice', codec: amount, need: true },
    { native: 'totalFee', unified: 'totalFee', codec: amount, need: true },
    { native: 'openingCount', unified: 'openingCount', codec: count, need: true },
    {
      native: 'rows',
      unified: 'rows',
      always: true,
      each: rowFields.rows,
    },
    { native: 'digest', unified: 'digest', codec: text(64), need: true },
  ],
};

/**
 * The day-end books, all pages of one batch in order, → unified statement. A page is the answer's `data` object, or the
 * whole answer around it.
 *
 * The digest is checked here, where the rows still stand as CTEX wrote them (`bad-checksum` at `/digest`); count and
 * totals are carried for clearing to check. Refusals point into `/<page>` where there are several.
 */
export function decodeStatement(pages: readonly Uint8Array[]): Checked<Statement> {
  if (pages.length === 0) return refused(refuse('missing-field', '', 'page'));
  const read: JsonObject[] = [];
  const rows: Json[] = [];
  const digest = new RowDigest();
  for (const [i, bytes] of pages.entries()) {
    const at = pages.length === 1 ? '' : `/${i}`;
    const native = pageOf(bytes, at);
    if (!native.ok) return native;
    const { value, refusals } = readTree(page, native.value, at);
    const found = [...refusals, ...(refusals.length === 0 ? misplaced(value, read[0], i, pages.length, at) : [])];
    if (found.length > 0) return { ok: false, refusals: found.slice(0, 50) };
    read.push(value);
    for (const row of value.rows as readonly Json[]) rows.push(row);
    for (const row of native.value.rows as readonly JsonObject[]) digest.add(row);
  }
  const { page: _page, pages: _pages, ...first } = read[0]!;
  if (digest.end() !== first.digest) return refused(refuse('bad-checksum', '/digest'));
  const statement = parseMessage({ kind: 'statement', exchange: 'ctex', ...first, rows });
  if (!statement.ok) return { ok: false, refusals: pointingAtNative(statement.refusals, page) };
  return statement as Checked<Statement>;
}

/** A page may be longer than a message: thousands of rows. */
const MAX_PAGE_BYTES = 64 * 1_048_576;

function pageOf(bytes: Uint8Array, at: string): Checked<JsonObject> {
  const json = parseJson(bytes, MAX_PAGE_BYTES);
  if (!json.ok) return { ok: false, refusals: json.refusals.map((refusal) => ({ ...refusal, pointer: at })) };
  const { value } = json;
  const inner = isObject(value) && Object.hasOwn(value, 'code') && isObject(value.data) ? value.data : value;
  return isObject(inner) ? { ok: true, value: inner } : refused(refuse('wrong-type', at));
}

const CONTROLS = ['date', 'batch', 'pages', 'count', 'totalPrice', 'totalFee', 'openingCount', 'digest'] as const;
const NATIVE_NAMES: Readonly<Record<string, string>> = { batch: 'seq' };

/** The pages must be all there, in order, and say the same of the whole. */
export function misplaced(
  value: JsonObject,
  first: JsonObject | undefined,
  i: number,
  given: number,
  at: string,
): readonly Refusal[] {
  const found: Refusal[] = [];
  if (value.page !== i + 1) found.push(refuse('inconsistent', `${at}/page`, String(value.page)));
  if (value.pages !== given) found.push(refuse('inconsistent', `${at}/pages`, String(value.pages)));
  for (const control of first === undefined ? [] : CONTROLS) {
    if (!same(value[control], first?.[control])) {
      found.push(refuse('inconsistent', `${at}/${NATIVE_NAMES[control] ?? control}`));
    }
  }
  return found;
}

/** SHA-256 over the rows' canonical JSON (RFC 8785), row by row so that no second copy of the books is made. */
export class RowDigest {
  readonly #hash = createHash('sha256').update('[');
  #isFirst = true;
  #pending = '';

  add(row: JsonObject): void {
    // Rows are flat and hold only strings, for which RFC 8785 is JSON.stringify with the keys in UTF-16 order.
    const members = Object.keys(row)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${JSON.stringify(row[key])}`);
    this.addCanonical(`{${members.join(',')}}`);
  }

  /** A row already in canonical form. */
  addCanonical(row: string): void {
    this.#pending += this.#isFirst ? row : `,${row}`;
    this.#isFirst = false;
    if (this.#pending.length > 65_536) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#pending);
    this.#pending = '';
  }

  end(): string {
    this.#flush();
    return this.#hash.update(']').digest('hex');
  }
}
