import { createHash } from 'node:crypto';
import { code, date, separatedYuan, whole } from '../../src/contract/codecs.ts';
import { isObject } from '../../src/contract/json.ts';
import { type Mapping, type Row, readTree } from '../../src/contract/mapping.ts';
import type { Statement } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { accepted, type Checked, refuse, refused } from '../../src/contract/refusal.ts';
import { words } from './codecs.ts';
import { codes } from './codes.ts';
import { elementsIn } from './slices.ts';
import { readTreeOf } from './wire.ts';

/** Books are one document whatever their size: some 100,000 deals. */
const MAX_STATEMENT_BYTES = 64 * 1_048_576;

const day = date('compact');

/** One row, R. */
export const rowFields: { readonly rows: readonly Row[] } = {
  rows: [
    { native: 'CJBH', unified: 'dealNumber', codec: words(64), need: true },
    { native: 'YCJBH', unified: 'homeDealNumber', codec: words(64) },
    { native: 'JS', unified: 'role', codec: code(codes.JS), need: true },
    { native: 'DFJYS', unified: 'counterExchange', codec: code(codes.exchange), need: true },
    { native: 'ZT', unified: 'state', codec: code(codes['DZD/ZT']), need: true },
    { native: 'SRFDM', unified: 'buyerCode', codec: words(64), need: true },
    { native: 'CRFDM', unified: 'sellerCode', codec: words(64), need: true },
    { native: 'CJJG', unified: 'price', codec: separatedYuan, need: true },
    { native: 'SXF', unified: 'fee', codec: separatedYuan, need: true },
    { native: 'YWRQ', unified: 'businessDate', codec: day, need: true },
    { native: 'ZJZT', unified: 'funds', codec: code(codes.ZJZT), need: true },
  ],
};

/** DZD 对账单 and its R rows. */
export const statementFields: Mapping = {
  rows: [
    { native: '@RQ', unified: 'date', codec: day, need: true },
    { native: '@PC', unified: 'batch', codec: whole(1, 9999), need: true },
    { native: '@TS', unified: 'count', codec: whole(0, 9_999_999), need: true },
    { native: '@JEHJ', unified: 'totalPrice', codec: separatedYuan, need: true },
    { native: '@SXFHJ', unified: 'totalFee', codec: separatedYuan, need: true },
    { native: '@ZRTS', unified: 'openingCount', codec: whole(0, 9_999_999), need: true },
    { native: '@ZY', unified: 'digest', codec: words(64), need: true },
    {
      native: 'R',
      unified: 'rows',
      always: true,
      each: rowFields.rows,
    },
  ],
  derived: [
    { unified: 'kind', of: () => 'statement' },
    { unified: 'exchange', of: () => 'stex' },
  ],
};

/**
 * The day-end books: one `<DZD>` document. Count and totals are carried for clearing to check; ZY is checked here,
 * because it covers the rows' exact bytes, which no one has afterwards (`bad-checksum` at `/@ZY`).
 */
export function decodeStatement(pages: readonly Uint8Array[]): Checked<Statement> {
  const [page, ...others] = pages;
  if (page === undefined || others.length > 0) return refused(refuse('inconsistent', '', `${pages.length} DZD`));
  const read = readTreeOf(page, MAX_STATEMENT_BYTES);
  if (!read.ok) return read;
  const { name, value } = read.value;
  if (name !== 'DZD') return refused(refuse('unknown-kind', '', name.slice(0, 40)));
  if (!isObject(value)) return refused(refuse('missing-field', '/@RQ'));
  const fields = readTree(statementFields, value);
  if (fields.refusals.length > 0) return { ok: false, refusals: fields.refusals.slice(0, 50) };
  if (fields.value.digest !== digestOfRows(page)) return refused(refuse('bad-checksum', '/@ZY'));
  const statement = parseMessage(fields.value);
  return statement.ok ? accepted(statement.value as Statement) : statement;
}

/** ZY: SM3 over the exact bytes of the R elements, joined by newlines, in lower-case hex. */
function digestOfRows(page: Uint8Array): string {
  const digest = createHash('sm3');
  for (const [i, row] of elementsIn(page, 'R').entries()) {
    if (i > 0) digest.update('\n');
    digest.update(page.subarray(row.from, row.to));
  }
  return digest.digest('hex');
}
