import type { Report, Row, Stamp } from '../report.ts';
import { stampFacts } from './csv.ts';
import { type Sheet, writeWorkbook } from './workbook.ts';

/** A report as a workbook: a sheet for each table, and a last one with the facts and what stamps them. */
export function writeXlsx(report: Report, stamp: Stamp): AsyncGenerator<Uint8Array, void, void> {
  const tables: readonly Sheet[] = report.sections.map((section) => ({
    name: section.zh,
    columns: section.columns,
    rows: () => section.rows(),
  }));
  const title = { zh: '报表', en: 'report', value: `${report.zh} ${report.en}` };
  const day = { zh: '业务日期', en: 'business day', value: report.cycle };
  const facts = [title, day, ...report.facts, ...stampFacts(stamp)];
  const about: Sheet = {
    name: '说明',
    columns: [
      { key: 'what', zh: '事项', en: 'what', kind: 'text', width: 40 },
      { key: 'value', zh: '内容', en: 'value', kind: 'text', width: 70 },
    ],
    rows: () => [facts.map(({ zh, en, value }): Row => [`${zh} ${en}`, value])],
  };
  return writeWorkbook([...tables, about]);
}
