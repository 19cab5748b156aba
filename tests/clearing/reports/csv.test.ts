import type { Column, Report } from '../../../src/clearing/report.ts';
import { bytesOf } from '../../../src/clearing/writers/bytes.ts';
import { writeCsv } from '../../../src/clearing/writers/csv.ts';

const stamp = { sha256: 'ab'.repeat(32), rows: 1, madeAt: '2026-03-02T18:00:00+08:00', madeBy: '=cmd' };
const columns: readonly Column[] = [
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 20 },
  { key: 'note', zh: '说明', en: 'note', kind: 'text', width: 20 },
  { key: 'delta', zh: '差额', en: 'delta', kind: 'money', width: 16 },
];
const section = (zh: string) => ({
  zh,
  en: 'part',
  columns,
  rows: () => [[['ctex:T1', '＝1+1, "甲"', -100_000_000n] as const]],
});
const report: Report = { kind: 'breaks', zh: '差错明细', en: 'Breaks', cycle: '2026-03-02', facts: [], sections: [] };
const textOf = async (one: Report) => (await bytesOf(writeCsv(one, stamp))).toString('utf8');

test('a report of one table is that table: heading first, amounts plain, nothing that calculates', async () => {
  expect(await textOf({ ...report, sections: [section('当日差错')] })).toBe(
    '\ufeff成交 deal,说明 note,差额 delta\r\nctex:T1,"\'＝1+1, ""甲""",-1000000.00\r\n',
  );
});

test('a report of several says what it is, and then each table under its name', async () => {
  const facts = [{ zh: '笔数', en: 'count', value: '1' }];
  const lines = (await textOf({ ...report, facts, sections: [section('甲表'), section('乙表')] })).split('\r\n');
  expect(lines.slice(0, 6)).toEqual([
    '\ufeff差错明细 Breaks,2026-03-02',
    '笔数 count,1',
    '行数 rows,1',
    '制表时间 made at,2026-03-02T18:00:00+08:00',
    "制单 made by,'=cmd",
    `内容摘要 SHA-256 of the contents,${stamp.sha256}`,
  ]);
  expect(lines.filter((line) => line.endsWith(' part'))).toEqual(['甲表 part', '乙表 part']);
  expect(lines.filter((line) => line === '成交 deal,说明 note,差额 delta')).toHaveLength(2);
});
