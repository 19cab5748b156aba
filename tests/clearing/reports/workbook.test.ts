import fc from 'fast-check';
import readBook, { readSheet } from 'read-excel-file/node';
import type { Cell, Row } from '../../../src/clearing/report.ts';
import { bytesOf } from '../../../src/clearing/writers/bytes.ts';
import { type Sheet, writeWorkbook } from '../../../src/clearing/writers/workbook.ts';
import { sheetIn } from '../../../src/clearing/xlsx-read.ts';

const columns: Sheet['columns'] = [
  { key: 'id', zh: '编号', en: 'id', kind: 'id', width: 20 },
  { key: 'amount', zh: '金额', en: 'amount', kind: 'money', width: 16 },
  { key: 'count', zh: '笔数', en: 'count', kind: 'count', width: 8 },
  { key: 'date', zh: '日期', en: 'date', kind: 'date', width: 12 },
];
const workbook = (rows: readonly Row[]) => bytesOf(writeWorkbook([{ name: '差错明细', columns, rows: () => [rows] }]));

test('another program reads amounts as numbers, ids as text and days as days', async () => {
  const rows: readonly Row[] = [
    ['110101199003074258', 128_000_000_00n, 3n, '2026-03-02'],
    ['0012', -1n, 0n, '2024-02-29'],
    ['=1+1', null, null, null],
    ['1.23E+18', 12n, -1n, '2199-12-31'],
  ];
  expect(await readSheet(await workbook(rows))).toEqual([
    ['编号 id', '金额 amount', '笔数 count', '日期 date'],
    ['110101199003074258', 128_000_000, 3, new Date('2026-03-02')],
    ['0012', -0.01, 0, new Date('2024-02-29')],
    ['=1+1', null, null, null],
    ['1.23E+18', 0.12, -1, new Date('2199-12-31')],
  ]);
});

test('every sheet is there under its name', async () => {
  const sheets = ['应付矩阵', '付款'].map(
    (name, i): Sheet => ({ name, columns, rows: () => [[[name, BigInt(i), null, null]]] }),
  );
  const book = await readBook(await bytesOf(writeWorkbook(sheets)));
  expect(book.map(({ sheet, data }) => [sheet, data[1]?.[0]])).toEqual([
    ['应付矩阵', '应付矩阵'],
    ['付款', '付款'],
  ]);
});

test('an amount beyond what a spreadsheet keeps exactly stands as text, whole', async () => {
  const [, exact, beyond] = await readSheet(
    await workbook([
      ['a', 999_999_999_999_999n, 1n, null],
      ['b', -9_007_199_254_740_991n, 1n, null],
    ]),
  );
  expect(exact?.[1]).toBe(9_999_999_999_999.99);
  expect(beyond?.[1]).toBe('-90071992547409.91');
});

test('no text breaks the workbook, and all that XML can hold comes back', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom('_x0041_', '<a>&"', ']]>', '\r\n', '龦䶮𠀀', '\u0000', '\ud800', '=cmd|calc', ' 空 '),
  );
  const amount = fc.bigInt(-(10n ** 15n) + 1n, 10n ** 15n - 1n);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, amount), { minLength: 1, maxLength: 20 }), async (list) => {
      const bytes = await workbook(list.map(([id, fen]): readonly Cell[] => [id, fen, 1n, '2026-03-02']));
      const read = await readSheet(bytes, { trim: false } as Parameters<typeof readSheet>[1]);
      const ours = sheetIn(bytes);
      expect(ours.ok).toBe(true);
      for (const [i, [id, fen]] of list.entries()) {
        const [shown, number] = read[i + 1]!;
        expect(Math.round(Number(number) * 100)).toBe(Number(fen));
        if (/^[\p{L}\p{N}]+$/u.test(id)) expect(shown).toBe(id);
      }
    }),
    { numRuns: 60 },
  );
});
