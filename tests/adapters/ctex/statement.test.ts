import fc from 'fast-check';
import { decodeStatement } from '../../../adapters/ctex/statement.ts';
import { bookPage, digestOf, rows } from './books.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('day-end books of CTEX', () => {
  test('one page reads as a statement; its controls are carried as sent', () => {
    expect(decodeStatement([bytes(bookPage())])).toEqual({
      ok: true,
      value: {
        kind: 'statement',
        exchange: 'ctex',
        date: '2026-03-19',
        batch: 1,
        openingCount: 44,
        count: 2,
        totalPrice: { amount: '1250020.01', currency: 'CNY' },
        totalFee: { amount: '11500.00', currency: 'CNY' },
        digest: digestOf(rows),
        rows: [
          {
            dealNumber: 'CJ2026-000045',
            role: 'home',
            counterExchange: 'stex',
            state: 'certified',
            buyerCode: '91310110MA1G003960',
            sellerCode: '91110108MA0000015T',
            price: { amount: '1250000.00', currency: 'CNY' },
            fee: { amount: '11500.00', currency: 'CNY' },
            businessDate: '2026-03-19',
            funds: 'part',
          },
          {
            dealNumber: 'CJ2026-900003',
            homeDealNumber: '沪技成2026-0000113',
            role: 'host',
            counterExchange: 'stex',
            state: 'signed',
            buyerCode: '91110108MA0000015T',
            sellerCode: '91310110MA1G003960',
            price: { amount: '20.01', currency: 'CNY' },
            fee: { amount: '0.00', currency: 'CNY' },
            businessDate: '2026-03-19',
            funds: 'none',
          },
        ],
      },
    });
  });

  test('pages make one statement, whether bare or still in the answer they came in', () => {
    const whole = decodeStatement([bytes(bookPage())]);
    const first = bookPage({ pages: 2, rows: rows.slice(0, 1) });
    const second = {
      code: '0000',
      msg: '成功',
      data: bookPage({ page: 2, pages: 2, rows: rows.slice(1) }),
      traceId: 't',
    };
    expect(decodeStatement([bytes(first), bytes(second)])).toEqual(whole);
  });

  test('count and totals that do not agree with the rows are for clearing to find', () => {
    expect(decodeStatement([bytes(bookPage({ count: 3, totalPrice: '0.01' }))]).ok).toBe(true);
  });

  test('a day without deals is a statement without rows', () => {
    const empty = bookPage({ count: 0, totalPrice: '0.00', totalFee: '0.00', rows: [], digest: digestOf([]) });
    expect(decodeStatement([bytes(empty)])).toMatchObject({ ok: true, value: { rows: [], count: 0 } });
  });

  const changed = (change: Record<string, unknown>) => [{ ...rows[0], ...change }, rows[1]];
  test.each<[string, unknown[], string, string]>([
    ['no page', [], 'missing-field', ''],
    ['truncated', [JSON.stringify(bookPage()).slice(0, -3)], 'not-json', ''],
    ['a list', [[]], 'wrong-type', ''],
    ['wrong digest', [bookPage({ digest: '0'.repeat(64) })], 'bad-checksum', '/digest'],
    ['row changed after the digest', [bookPage({ rows: changed({ fee: '11500.01' }) })], 'bad-checksum', '/digest'],
    ['rows swapped', [bookPage({ rows: [rows[1], rows[0]] })], 'bad-checksum', '/digest'],
    ['first page missing', [bookPage({ page: 2, pages: 2 })], 'inconsistent', '/page'],
    ['last page missing', [bookPage({ pages: 2 })], 'inconsistent', '/pages'],
    [
      'pages of two editions',
      [bookPage({ pages: 2 }), bookPage({ page: 2, pages: 2, seq: 2 })],
      'inconsistent',
      '/1/seq',
    ],
    ['unknown state', [bookPage({ rows: changed({ state: 'DONE' }) })], 'unknown-code', '/rows/0/state'],
    [
      'price in 万元 with a fraction of a fen',
      [bookPage({ rows: changed({ dealPrice: '1.005' }) })],
      'fen-fraction',
      '/rows/0/dealPrice',
    ],
    ['negative fee', [bookPage({ rows: changed({ fee: '-1.00' }) })], 'negative-money', '/rows/0/fee'],
    ['price as a number', [bookPage({ rows: changed({ dealPrice: 5 }) })], 'bad-money', '/rows/0/dealPrice'],
    ['no such day', [bookPage({ rows: changed({ bizDate: '2026-02-30' }) })], 'bad-date', '/rows/0/bizDate'],
    ['missing deal number', [bookPage({ rows: changed({ dealNo: '' }) })], 'missing-field', '/rows/0/dealNo'],
    ['unknown field', [bookPage({ remark: 'x' })], 'unknown-field', '/remark'],
    ['count with a fraction', [JSON.stringify(bookPage()).replace('"count":2', '"count":2.5')], 'bad-number', ''],
    ['seq of zero', [bookPage({ seq: 0 })], 'bad-number', '/seq'],
    ['digest of another kind', [bookPage({ digest: 'abc' })], 'bad-checksum', '/digest'],
  ])('%s is refused', (_, pages, code, pointer) => {
    const decoded = decodeStatement(pages.map(bytes));
    expect(decoded.ok ? [] : decoded.refusals.map((refusal) => [refusal.code, refusal.pointer])).toContainEqual([
      code,
      pointer,
    ]);
  });

  test('whatever the bytes are, they are read or refused', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array(), { maxLength: 2 }), (pages) => void decodeStatement(pages)));
    fc.assert(fc.property(fc.json(), (json) => void decodeStatement([bytes(json)])));
  });
});
