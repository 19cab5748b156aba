import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { bookForms } from '../../../src/clearing/book-forms.ts';
import { readCsv } from '../../../src/clearing/csv-read.ts';
import { sheetIn } from '../../../src/clearing/xlsx-read.ts';
import type { BadRow, StatedRow, StatementReader } from '../../../src/contract/books.ts';

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function read(reader: StatementReader) {
  const [rows, bad]: [StatedRow[], BadRow[]] = [[], []];
  let next = await reader.next();
  for (; next.done !== true; next = await reader.next()) {
    rows.push(...next.value.rows);
    bad.push(...next.value.bad);
  }
  return { rows, bad, controls: next.value };
}

async function cellsOf(bytes: Uint8Array, size = 1_000) {
  const found: (readonly string[])[] = [];
  const records = readCsv(cut(bytes, size));
  let next = await records.next();
  for (; next.done !== true; next = await records.next()) for (const { cells } of next.value) found.push(cells);
  return next.value ?? found;
}

describe('CSV', () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', '沪', '技', ',', '"', '\n', '\r\n', ' ', '7', '，'),
    maxLength: 8,
  });
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  const written = (rows: readonly (readonly string[])[]) =>
    rows.map((cells) => `${cells.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')}\r\n`).join('');

  test('whatever its cells hold and wherever it is cut, in UTF-8 with or without its mark and in GB18030, it reads as written', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('utf8', 'bom', 'gb18030'),
        async (rows, size, charset) => {
          const text = written(rows);
          const bytes =
            charset === 'gb18030'
              ? iconv.encode(text, 'gb18030')
              : Buffer.from(charset === 'bom' ? `\uFEFF${text}` : text);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII
          const isPlain = /^[\x00-\x7f]*$/.test(text);
          // Some few characters are the same bytes in both charsets' eyes: that is no mistake of the reader.
          fc.pre(charset !== 'gb18030' || !isUtf8(bytes) || isPlain);
          expect(await cellsOf(bytes, size)).toEqual(rows);
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    ['a quotation that never ends', 'a,"b\nc,d\n', 'bad-format'],
    ['a quotation inside a cell', 'a,b"c"\n', 'bad-format'],
    ['text behind a quotation', '"a"b,c\n', 'bad-format'],
    ['a carriage return by itself', 'a\rb\n', 'bad-format'],
  ])('%s is refused', async (_, text, failure) => {
    expect(await cellsOf(Buffer.from(text))).toBe(failure);
  });

  test('bytes of neither charset are refused', async () => {
    expect(await cellsOf(Buffer.from([0x61, 0xff, 0xff, 0x0a]))).toBe('not-text');
  });
});

const HEAD = ['book', 'szse', '2026-03-02', '2', '5', '2', '1234567.90', '12.00'];
const NAMES = [
  '成交编号',
  'home_deal_number',
  '角色',
  'counter_exchange',
  '状态',
  'buyer_code',
  '卖方代码',
  'price',
  '手续费',
  'business_date',
];
const ROWS = [
  ['DJ1', '', '主场', 'ctex', '已签约', 'B1', 'S1', '1234567.8', '5', '2026-03-02'],
  ['DJ2', '沪技2', 'host', 'stex', 'cancelled', 'B2', 'S2', '0.10', '7.00', '46083'],
];
const EXPECTED = [
  {
    dealNumber: 'DJ1',
    homeDealNumber: undefined,
    role: 'home',
    counterExchange: 'ctex',
    state: 'signed',
    buyer: 'B1',
    seller: 'S1',
    priceFen: 123_456_780n,
    feeFen: 500n,
    businessDate: '2026-03-02',
  },
  {
    dealNumber: 'DJ2',
    homeDealNumber: '沪技2',
    role: 'host',
    counterExchange: 'stex',
    state: 'cancelled',
    buyer: 'B2',
    seller: 'S2',
    priceFen: 10n,
    feeFen: 700n,
    businessDate: '2026-03-02',
  },
];
const CONTROLS = {
  ok: true,
  value: {
    exchange: 'szse',
    date: '2026-03-02',
    batch: 2,
    openingCount: 5,
    count: 2,
    totalPriceFen: 123_456_790n,
    totalFeeFen: 1_200n,
    isDigestRight: true,
  },
};

const yuan = (amount: string) => ({ amount, currency: 'CNY' });

describe('books in other forms', () => {
  const csv = (rows: readonly (readonly string[])[], head: readonly string[] = HEAD) =>
    Buffer.from([head, NAMES, ...rows].map((cells) => `${cells.join(',')}\n`).join(''));

  test('a book in CSV reads like one in its exchange’s own form', async () => {
    const { rows, bad, controls } = await read(bookForms.csv(cut(csv(ROWS), 50)));
    expect(bad).toEqual([]);
    expect(rows).toMatchObject(EXPECTED);
    expect(controls).toMatchObject(CONTROLS);
  });

  test('listing, currency, quantity and tax are read where a book says them, and leave nothing where all deals have it so', async () => {
    const names = [...NAMES, '挂牌编号', 'currency', '数量', 'tax'];
    const table = (...more: readonly (readonly string[])[]) =>
      Buffer.from(
        [HEAD, names, ...more.map((cells, i) => [...ROWS[i % 2]!, ...cells])]
          .map((cells) => `${cells.join(',')}\n`)
          .join(''),
      );
    const { rows, bad } = await read(
      bookForms.csv(cut(table(['ctex:L1', 'USD', '2.50', '12'], ['', 'CNY', '1.0', ''], ['', '', '', '0.00']), 50)),
    );
    expect(bad).toEqual([]);
    expect(rows[0]).toMatchObject({
      listing: 'ctex:L1',
      further: { currency: 'USD', quantity: '2.5', taxFen: 1_200n },
    });
    expect(rows[1]).not.toHaveProperty('listing');
    expect(rows[1]).not.toHaveProperty('further');
    expect(rows[2]).toMatchObject({ further: { taxFen: 0n } });
    const wrong = await read(
      bookForms.csv(
        cut(
          table(['L1', '', '', ''], ['', 'usd', '', ''], ['', '', '0', ''], ['', '', '1e3', ''], ['', '', '', '1.005']),
          500,
        ),
      ),
    );
    expect(wrong.rows).toEqual([]);
    expect(wrong.bad.map(({ line, priceFen, refusals }) => [line, priceFen, refusals[0]?.pointer])).toEqual([
      [3, 123_456_780n, '/listing'],
      [4, 10n, '/currency'],
      [5, 123_456_780n, '/quantity'],
      [6, 10n, '/quantity'],
      [7, 123_456_780n, '/tax'],
    ]);
  });

  test('unified lines may say them too, and money of another currency is kept as that', async () => {
    const head = {
      ...{ kind: 'statement', exchange: 'szse', date: '2026-03-02', batch: 2, openingCount: 5, count: 1 },
      ...{ totalPrice: yuan('3.00'), totalFee: yuan('0.10'), digest: '0'.repeat(64) },
    };
    const line = {
      ...{ dealNumber: 'DJ1', role: 'home', counterExchange: 'ctex', state: 'signed', buyerCode: 'B', sellerCode: 'S' },
      ...{ price: yuan('3.00'), fee: yuan('0.10'), businessDate: '2026-03-02', funds: 'none' },
    };
    const lines = async (...some: readonly object[]) =>
      read(bookForms.jsonl(cut(Buffer.from([head, ...some].map((one) => `${JSON.stringify(one)}\n`).join('')), 60)));
    const usd = (amount: string) => ({ amount, currency: 'USD' });
    const { rows } = await lines(line, {
      ...line,
      price: usd('3.00'),
      fee: usd('0.10'),
      quantity: '7',
      tax: usd('0.30'),
      listing: 'szse:G1',
    });
    expect(rows[0]).not.toHaveProperty('further');
    expect(rows[1]).toMatchObject({
      ...{ priceFen: 300n, listing: 'szse:G1' },
      further: { currency: 'USD', quantity: '7', taxFen: 30n },
    });
    const { bad } = await lines(
      { ...line, price: usd('3.00') },
      { ...line, price: { amount: '3.00' } },
      { ...line, tax: '0.30' },
      { ...line, quantity: 7 },
    );
    expect(bad.map(({ refusals }) => `${refusals[0]?.code} ${refusals[0]?.pointer}`)).toEqual([
      'inconsistent /currency',
      'missing-field /price/currency',
      'wrong-type ',
      'wrong-type ',
    ]);
  });

  test('where a book in CSV states a digest, it must be that of its rows', async () => {
    const digest = createHash('sha256')
      .update(ROWS.map((cells) => `${cells.join(',')}\n`).join(''))
      .digest('hex');
    const good = await read(bookForms.csv(cut(csv(ROWS, [...HEAD, digest]), 50)));
    expect(good.controls).toMatchObject({ ok: true, value: { isDigestRight: true } });
    const altered = ROWS.map((cells, i) => (i === 0 ? cells.with(8, '6') : cells));
    const bad = await read(bookForms.csv(cut(csv(altered, [...HEAD, digest]), 50)));
    expect(bad.controls).toMatchObject({ ok: true, value: { isDigestRight: false } });
  });

  test('a row with an amount finer than a fen or a cell too many is bad, with its line', async () => {
    const { rows, bad } = await read(
      bookForms.csv(cut(csv([ROWS[0]!.with(7, '1.001'), ROWS[1]!, [...ROWS[0]!, 'x']]), 500)),
    );
    expect(rows).toHaveLength(1);
    expect(bad.map(({ line, feeFen }) => [line, feeFen])).toEqual([
      [3, 500n],
      [5, 500n],
    ]);
  });

  test('a column nobody knows, or a needed one that is not there, refuses the book', async () => {
    const without = NAMES.slice(0, -1);
    for (const names of [[...without, '备注'], without]) {
      const text = [HEAD, names, ROWS[0]!.slice(0, names.length)].map((cells) => cells.join(',')).join('\n');
      expect((await read(bookForms.csv(cut(Buffer.from(text), 500)))).controls.ok).toBe(false);
    }
  });

  test('a book in XLSX reads the same, with numbers and day numbers as Excel keeps them', async () => {
    const { rows, bad, controls } = await read(bookForms.xlsx(cut(workbook([HEAD, NAMES, ...ROWS]), 300)));
    expect(bad).toEqual([]);
    expect(rows).toMatchObject(EXPECTED);
    expect(controls).toMatchObject(CONTROLS);
  });

  test('a workbook cut short anywhere, or with any byte altered, never throws', async () => {
    const bytes = workbook([HEAD, NAMES, ...ROWS]);
    for (let length = 0; length < bytes.byteLength; length += 7)
      expect(sheetIn(bytes.subarray(0, length)).ok).toBe(false);
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const altered = Buffer.from(bytes);
        altered[at] = byte;
        expect(typeof sheetIn(altered).ok).toBe('boolean');
      }),
      { numRuns: 300 },
    );
  });

  test('a workbook that claims or unpacks to more than the bound is refused', () => {
    const bomb = zip({ 'xl/worksheets/sheet1.xml': Buffer.alloc(80 * 1_048_576, 0x20) });
    expect(sheetIn(bomb)).toMatchObject({ ok: false, refusals: [{ code: 'too-large' }] });
    const liar = zip({ 'xl/worksheets/sheet1.xml': Buffer.alloc(1_048_576, 0x20) }, 100);
    expect(sheetIn(liar)).toMatchObject({ ok: false, refusals: [{ code: 'bad-format' }] });
  });

  test('a book in unified JSON lines reads row by row; a bad one is kept out with its reason', async () => {
    const money = (amount: string) => ({ amount, currency: 'CNY' });
    const row = {
      dealNumber: 'DJ1',
      role: 'home',
      counterExchange: 'ctex',
      state: 'signed',
      buyerCode: 'B',
      sellerCode: 'S',
      price: money('1.00'),
      fee: money('0.10'),
      businessDate: '2026-03-02',
      funds: 'none',
    };
    const lines = [row, { ...row, state: 'lost' }].map((one) => `${JSON.stringify(one)}\n`).join('');
    const head = {
      kind: 'statement',
      exchange: 'szse',
      date: '2026-03-02',
      batch: 1,
      openingCount: 0,
      count: 2,
      totalPrice: money('2.00'),
      totalFee: money('0.20'),
      digest: createHash('sha256').update(lines).digest('hex'),
    };
    const { rows, bad, controls } = await read(
      bookForms.jsonl(cut(Buffer.from(`${JSON.stringify(head)}\n${lines}`), 64)),
    );
    expect(rows).toMatchObject([{ line: 2, dealNumber: 'DJ1', priceFen: 100n }]);
    expect(bad).toMatchObject([{ line: 3, refusals: [{ pointer: '/state' }], priceFen: 100n, feeFen: 10n }]);
    expect(controls).toMatchObject({ ok: true, value: { count: 2, isDigestRight: true } });
  });
});

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A workbook as Excel writes it: long texts in a table of their own, amounts as numbers. */
function workbook(rows: readonly (readonly string[])[]): Buffer {
  const texts: string[] = [];
  const cell = (text: string, reference: string) => {
    if (text === '') return '';
    if (/^\d+(\.\d+)?$/.test(text)) return `<c r="${reference}" s="1"><v>${Number(text)}</v></c>`;
    if (text.length < 3) return `<c r="${reference}" t="inlineStr"><is><t xml:space="preserve">${text}</t></is></c>`;
    return `<c r="${reference}" t="s"><v>${texts.push(text) - 1}</v></c>`;
  };
  const lines = rows.map(
    (cells, i) =>
      `<row r="${i + 1}">${cells.map((text, j) => cell(text, `${String.fromCharCode(65 + j)}${i + 1}`)).join('')}</row>`,
  );
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  return zip({
    'xl/worksheets/sheet1.xml': Buffer.from(
      `${declaration}<worksheet ${main}><sheetData>${lines.join('')}</sheetData></worksheet>`,
    ),
    'xl/sharedStrings.xml': Buffer.from(
      `${declaration}<sst ${main} count="${texts.length}">${texts
        .map((text, i) =>
          i % 2 === 0
            ? `<si><t>${text}</t></si>`
            : `<si><r><t>${text.slice(0, 2)}</t></r><r><rPr><b/></rPr><t>${text.slice(2)}</t></r></si>`,
        )
        .join('')}</sst>`,
    ),
  });
}

/** PKWARE APPNOTE 6.3, the least of it. */
function zip(files: Readonly<Record<string, Buffer>>, claimed?: number): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(packed.byteLength, 14);
    common.writeUInt32LE(claimed ?? content.byteLength, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), common, Buffer.from(name), packed]);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(at, 10);
    directory.push(
      Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000', 'latin1'), common, offset, Buffer.from(name)]),
    );
    parts.push(local);
    at += local.byteLength;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(list.byteLength, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}
