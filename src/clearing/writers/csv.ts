import { csvHead, csvLine } from '../csv-write.ts';
import { cellText, type Report, type Stamp } from '../report.ts';

/** Text is handed on in pieces of about this many characters. */
const PIECE = 65_536;

/**
 * A report as CSV (csv-write.ts: byte order mark, RFC 4180, no formulas): its facts, then each table under its name, with
 * an empty line before. A report of one table begins with the table, so that programs can read it.
 */
export async function* writeCsv(report: Report, stamp: Stamp): AsyncGenerator<Uint8Array, void, void> {
  const isPlain = report.sections.length === 1;
  let text = '';
  let isBegun = false;
  const line = (cells: readonly string[]) => {
    text += isBegun ? csvLine(cells) : csvHead(cells);
    isBegun = true;
  };
  if (!isPlain) {
    line([`${report.zh} ${report.en}`, report.cycle]);
    for (const { zh, en, value } of [...report.facts, ...stampFacts(stamp)]) line([`${zh} ${en}`, value]);
  }
  for (const section of report.sections) {
    if (!isPlain) {
      text += '\r\n';
      line([`${section.zh} ${section.en}`]);
    }
    const { columns } = section;
    line(columns.map(({ zh, en }) => `${zh} ${en}`));
    for await (const page of section.rows()) {
      for (const row of page) line(columns.map((column, i) => cellText(column, row[i] ?? null)));
      if (text.length < PIECE) continue;
      yield Buffer.from(text, 'utf8');
      text = '';
    }
  }
  yield Buffer.from(text, 'utf8');
}

/** What the stamp says, for the forms that show it as lines. */
export function stampFacts({ sha256, rows, madeAt, madeBy }: Stamp) {
  return [
    { zh: '行数', en: 'rows', value: String(rows) },
    { zh: '制表时间', en: 'made at', value: madeAt },
    { zh: '制单', en: 'made by', value: madeBy },
    { zh: '内容摘要', en: 'SHA-256 of the contents', value: sha256 },
  ];
}
