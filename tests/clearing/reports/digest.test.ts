import { createHash } from 'node:crypto';
import { type Column, digestOf, type Report, type Row } from '../../../src/clearing/report.ts';

const columns: readonly Column[] = [
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 20 },
  { key: 'delta', zh: '差额', en: 'delta', kind: 'money', width: 16 },
  { key: 'count', zh: '笔数', en: 'count', kind: 'count', width: 16 },
];
const reportOf = (pages: readonly (readonly Row[])[], head = columns): Report => ({
  kind: 'breaks',
  zh: '差错明细',
  en: 'Breaks',
  cycle: '2026-03-02',
  facts: [{ zh: '笔数', en: 'count', value: '2' }],
  sections: [{ zh: '当日差错', en: 'of the day', columns: head, rows: () => pages }],
});
const rows: readonly Row[] = [
  ['ctex:T1', -7n, 1n],
  ['ctex:T2', null, 2n],
];

test('the digest is what anybody computes from the figures, line by line', async () => {
  const lines = [
    '["qiao-report/1","breaks","2026-03-02"]',
    '["笔数","count","2"]',
    '["deal","delta","count"]',
    '["ctex:T1","-0.07","1"]',
    '["ctex:T2","","2"]',
    '',
  ].join('\n');
  const sha256 = createHash('sha256').update(lines).digest('hex');
  expect(await digestOf(reportOf([rows]))).toEqual({ sha256, rows: 2 });
});

test('how rows come in pages changes nothing; one fen, a column or the order does', async () => {
  const of = async (report: Report) => (await digestOf(report)).sha256;
  const whole = await of(reportOf([rows]));
  expect(await of(reportOf(rows.map((row) => [row])))).toBe(whole);
  const others = [
    reportOf([[['ctex:T1', -8n, 1n], rows[1]!]]),
    reportOf([rows.toReversed()]),
    reportOf([rows], [{ ...columns[0]!, key: 'number' }, ...columns.slice(1)]),
    { ...reportOf([rows]), cycle: '2026-03-03' },
  ];
  expect(new Set([whole, ...(await Promise.all(others.map(of)))]).size).toBe(5);
});
