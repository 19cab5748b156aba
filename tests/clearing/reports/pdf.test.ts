import { createHash } from 'node:crypto';
import type { Column, Report, Row, Stamp } from '../../../src/clearing/report.ts';
import { bytesOf } from '../../../src/clearing/writers/bytes.ts';
import { writePdf } from '../../../src/clearing/writers/pdf.ts';
import { textsOf } from './pdf-text.ts';

const stamp: Stamp = {
  sha256: createHash('sha256').update('report').digest('hex'),
  rows: 120,
  madeAt: '2026-03-02T18:00:00+08:00',
  madeBy: 'alice',
};
const columns: readonly Column[] = [
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 20 },
  { key: 'party', zh: '交易方', en: 'party', kind: 'text', width: 30 },
  { key: 'delta', zh: '差额', en: 'delta', kind: 'money', width: 16 },
  { key: 'date', zh: '业务日期', en: 'business day', kind: 'date', width: 12 },
];
const reportOf = (rows: readonly Row[]): Report => ({
  kind: 'breaks',
  zh: '差错明细',
  en: 'Breaks',
  cycle: '2026-03-02',
  facts: [{ zh: '笔数', en: 'count', value: String(rows.length) }],
  sections: [{ zh: '当日差错', en: 'breaks of the day', columns, rows: () => [rows] }],
});
const pagesOf = async (rows: readonly Row[]) => {
  const pages = textsOf(await bytesOf(writePdf(reportOf(rows), stamp)));
  return pages.map((page) => page.map(({ text }) => text));
};
const many = Array.from(
  { length: 120 },
  (_, i): Row => [`ctex:T${i}`, '甲公司', -12_345_678n * BigInt(i), '2026-03-02'],
);

test('every page says which of how many it is, bears the digest and has room for three to sign', async () => {
  const pages = await pagesOf(many);
  expect(pages.length).toBeGreaterThan(2);
  for (const [i, texts] of pages.entries()) {
    expect(texts).toContain(`第 ${i + 1} 页，共 ${pages.length} 页 Page ${i + 1}/${pages.length}`);
    expect(texts).toContain(`内容摘要 SHA-256 ${stamp.sha256}`);
    expect(texts).toEqual(
      expect.arrayContaining(['制单 Prepared by：alice', '复核 Checked by：', '主管 Approved by：']),
    );
    expect(texts).toEqual(expect.arrayContaining(['成交', 'deal', '差额', 'delta']));
  }
});

test('every row is on exactly one page, in its order, amounts with two decimals and thousands', async () => {
  const texts = (await pagesOf(many)).flat();
  expect(texts.filter((text) => text.startsWith('ctex:'))).toEqual(many.map(([deal]) => deal));
  expect(texts.filter((text) => text.endsWith('.00') || /\.\d\d$/.test(text)).slice(0, 9)).toEqual([
    ...['0.00', '-123,456.78', '-246,913.56', '-370,370.34', '-493,827.12', '-617,283.90', '-740,740.68'],
    ...['-864,197.46', '-987,654.24'],
  ]);
});

test('rare characters are drawn where the font has them, and named where it has not', async () => {
  const [texts] = await pagesOf([
    ['ctex:T1', '龦䶮科技㐀𫟹', 1n, '2026-03-02'],
    ['ctex:T2', '𠀀公司', 1n, '2026-03-02'],
  ]);
  expect(texts).toEqual(expect.arrayContaining(['龦䶮科技㐀𫟹', '〔U+20000〕公司']));
});

test('long text takes several lines inside its column, and nothing reaches into the boxes or beyond the page', async () => {
  const long = `${'上海长名称技术有限公司'.repeat(6)} ${'ABCDEFGHIJ'.repeat(90)}`;
  const rows = Array.from({ length: 60 }, (_, i): Row => [`ctex:T${i}`, i % 3 === 0 ? long : '甲', 100n, '2026-03-02']);
  for (const page of textsOf(await bytesOf(writePdf(reportOf(rows), stamp)))) {
    for (const { text, x, y } of page) {
      const isFoot = /^(制单|复核|主管|内容摘要|差错明细 2026|第)/.test(text);
      expect(x).toBeGreaterThanOrEqual(36);
      expect(x).toBeLessThan(806);
      if (!isFoot) expect(y).toBeLessThan(595.28 - 84);
    }
  }
  const texts = (await pagesOf(rows)).flat();
  expect(texts.some((text) => text.endsWith('…'))).toBe(true);
});

test('however many columns there are, no day and no amount is broken', async () => {
  const many = [1, 2, 3].flatMap((n) => columns.map((column) => ({ ...column, key: `${column.key}${n}` })));
  const row: Row = many.map(({ kind }) =>
    kind === 'money' ? -9_999_999_999n : kind === 'date' ? '2026-03-02' : '很长的名称'.repeat(9),
  );
  const report = reportOf([]);
  const wide = { ...report, sections: [{ ...report.sections[0]!, columns: many, rows: () => [[row]] }] };
  const texts = textsOf(await bytesOf(writePdf(wide, stamp)))[0]!.map(({ text }) => text);
  expect(texts.filter((text) => text === '2026-03-02')).toHaveLength(3);
  expect(texts.filter((text) => text === '-99,999,999.99')).toHaveLength(3);
});

test('the same report is the same bytes', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => bytesOf(writePdf(reportOf(many), stamp))));
  expect(one!.equals(other!)).toBe(true);
});

test('what fails while rows are read comes out as that failure', async () => {
  const report = reportOf([]);
  let times = 0;
  const rows = async function* () {
    if (++times > 1) throw new Error('the database is gone');
    yield [];
  };
  const failing = { ...report, sections: [{ ...report.sections[0]!, rows }] };
  await expect(bytesOf(writePdf(failing, stamp))).rejects.toThrow('the database is gone');
});
