import fc from 'fast-check';
import { csvHead, csvLine } from '../../src/clearing/csv-write.ts';
import { bytesOf } from '../../src/clearing/writers/bytes.ts';
import { writeWorkbook } from '../../src/clearing/writers/workbook.ts';
import { Zip } from '../../src/clearing/zip-read.ts';

/** Threat 27: a name that a spreadsheet runs as a formula when a clerk opens the list of breaks. */

/** What a spreadsheet shows in a cell, by RFC 4180 alone. */
const cellsOf = (line: string) => {
  const text = line.replace(/\r\n$/, '');
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (isQuoted && char === '"' && text[i + 1] === '"') cell += text[++i];
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += char;
  }
  cells.push(cell);
  return cells;
};

test.each([
  '=1+1',
  '=HYPERLINK("http://127.0.0.1/?"&A1,"点击")',
  "=cmd|' /C calc'!A0",
  '+cmd|calc',
  '-2+3+cmd|calc',
  '@SUM(1+1)*cmd|calc',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
  ' =1+1',
  '　=1+1',
  '＝1+1',
  '＋1',
  '－1+1',
  '＠SUM(A1)',
  '|calc',
  '%0A=1+1',
])('%j is text, and comes back whole behind one apostrophe', (name) => {
  const [before, cell, after] = cellsOf(csvLine(['a', name, 'b']));
  expect([before, cell, after]).toEqual(['a', `'${name}`, 'b']);
});

test.each(['0.01', '-0.01', '-1280000.00', 'ctex:TJ2026-000123', '沪技成2026-0000018', 'AMT-'])(
  '%s is left as it is',
  (cell) => {
    expect(cellsOf(csvLine([cell]))).toEqual([cell]);
  },
);

test('no text at all begins a cell as a formula, breaks out of its cell or loses a character', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1, maxLength: 5 }), (row) => {
      const cells = cellsOf(csvLine(row));
      expect(cells).toHaveLength(row.length);
      for (const [i, cell] of cells.entries()) {
        expect(cell === row[i] || cell === `'${row[i]}`).toBe(true);
        if (!/^-\d+(\.\d+)?$/.test(cell)) expect(cell).not.toMatch(/^[=+\-@＝＋－＠\t\r\n]/u);
      }
    }),
  );
});

test('the file says that it is UTF-8, so that Chinese names are not garbled', () => {
  expect(Buffer.from(csvHead(['差错号 breakId'])).subarray(0, 3)).toEqual(Buffer.of(0xef, 0xbb, 0xbf));
});

test('in a workbook every name is a text cell, and no cell anywhere is a formula', async () => {
  const names = ['=1+1', '=HYPERLINK("http://127.0.0.1/")', '+1', '@SUM(1)', '<f>1+1</f>', '"/><f>1+1</f>'];
  const columns = [{ key: 'name', zh: '名称', en: 'name', kind: 'text', width: 10 }] as const;
  const bytes = await bytesOf(writeWorkbook([{ name: 'a', columns, rows: () => [names.map((name) => [name])] }]));
  const zip = Zip.open(bytes, 1_048_576);
  const sheet = zip.ok ? zip.value.read('xl/worksheets/sheet1.xml') : undefined;
  if (!sheet?.ok) throw new Error('no sheet');
  const xml = sheet.value.toString('utf8');
  expect(xml).not.toMatch(/<f[ >/]/);
  expect(xml.match(/<c /g)).toHaveLength(names.length + 1);
  expect(xml.match(/t="inlineStr"/g)).toHaveLength(names.length + 1);
});
