import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { adapters } from '../../adapters/all.ts';
import type { Adapter } from '../../src/contract/adapter.ts';
import type { BadRow, StatedControls, StatedRow } from '../../src/contract/books.ts';
import { fenOf } from '../../src/contract/money.ts';
import type { Checked } from '../../src/contract/refusal.ts';

const byName = new Map(adapters.map((adapter) => [adapter.exchange, adapter]));
const [ctex, stex, szse] = (['ctex', 'stex', 'szse'] as const).map((name) => byName.get(name)!) as [
  Adapter,
  Adapter,
  Adapter,
];

interface Read {
  readonly rows: StatedRow[];
  readonly bad: BadRow[];
  readonly controls: Checked<StatedControls>;
}

/** Reads the bytes cut into pieces of the sizes given, over and over. */
async function read(adapter: Adapter, bytes: Uint8Array, sizes: readonly number[] = [65_536]): Promise<Read> {
  async function* pieces() {
    for (let at = 0, i = 0; at < bytes.byteLength; i++) {
      const size = sizes[i % sizes.length]!;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  const reader = adapter.readStatement(pieces());
  const [rows, bad]: [StatedRow[], BadRow[]] = [[], []];
  let next = await reader.next();
  for (; next.done !== true; next = await reader.next()) {
    rows.push(...next.value.rows);
    bad.push(...next.value.bad);
  }
  return { rows, bad, controls: next.value };
}

interface Row {
  readonly number: string;
  readonly home: string | undefined;
  readonly counter: number;
  readonly state: number;
  readonly buyer: string;
  readonly seller: string;
  readonly price: bigint;
  readonly fee: bigint;
}

const OTHERS = { ctex: ['STEX', 'SZSE'], stex: ['CTEX', 'SZSE'], szse: ['CTEX', 'STEX'] } as const;
const yuan = (fen: bigint) => `${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`;
const grouped = (fen: bigint) => yuan(fen).replace(/\B(?=(\d{3})+\.)/g, ',');
const total = (rows: readonly Row[], of: 'price' | 'fee') => rows.reduce((sum, row) => sum + row[of], 0n);
const pipe = (text: string) => text.replace(/[\\|]/g, '\\$&');
const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The same rows in each exchange's form, from the profiles. */
const write = {
  ctex(rows: readonly Row[]): Buffer {
    const written = rows.map((row) => ({
      dealNo: row.number,
      ...(row.home === undefined ? {} : { homeDealId: row.home }),
      role: row.home === undefined ? 'HOME' : 'HOST',
      counterExchange: OTHERS.ctex[row.counter],
      state: ['SIGNED', 'CERTIFIED', 'CANCELLED'][row.state],
      buyerCode: row.buyer,
      sellerCode: row.seller,
      dealPrice: yuan(row.price),
      fee: yuan(row.fee),
      bizDate: '2026-03-02',
      fundState: 'NONE',
    }));
    const digest = createHash('sha256').update(canonicalize(written)!).digest('hex');
    const half = Math.ceil(rows.length / 2);
    const pages = [written.slice(0, half), written.slice(half)].map((some, i) => ({
      date: '2026-03-02',
      seq: 3,
      page: i + 1,
      pages: 2,
      count: rows.length,
      totalPrice: yuan(total(rows, 'price')),
      totalFee: yuan(total(rows, 'fee')),
      openingCount: 7,
      rows: some,
      digest,
    }));
    return Buffer.from(pages.map((page) => JSON.stringify(page)).join('\n'));
  },
  stex(rows: readonly Row[]): Buffer {
    const elements = rows.map(
      (row) =>
        `<R><CJBH>${xml(row.number)}</CJBH>${row.home === undefined ? '<YCJBH/>' : `<YCJBH>${xml(row.home)}</YCJBH>`}<JS>${
          row.home === undefined ? 1 : 2
        }</JS><DFJYS>${OTHERS.stex[row.counter]}</DFJYS><ZT>${row.state + 1}</ZT><SRFDM>${xml(row.buyer)}</SRFDM><CRFDM>${xml(
          row.seller,
        )}</CRFDM><CJJG>${grouped(row.price)}</CJJG><SXF>${grouped(row.fee)}</SXF><YWRQ>20260302</YWRQ><ZJZT>0</ZJZT></R>`,
    );
    const digest = createHash('sm3')
      .update(iconv.encode(elements.join('\n'), 'gb18030'))
      .digest('hex');
    const head = `<DZD RQ="20260302" PC="3" TS="${rows.length}" JEHJ="${grouped(total(rows, 'price'))}" SXFHJ="${grouped(
      total(rows, 'fee'),
    )}" ZRTS="7" ZY="${digest}">`;
    // Every other row without a line feed before it: the digest joins them with one all the same.
    const body = elements.map((element, i) => (i % 3 === 0 ? element : `\n${element}`)).join('');
    return iconv.encode(`<?xml version="1.0" encoding="GB18030"?>${head}${body}</DZD>`, 'gb18030');
  },
  szse(rows: readonly Row[]): Buffer {
    const lines = rows.map((row) =>
      [
        'D',
        pipe(row.number),
        pipe(row.home ?? ''),
        row.home === undefined ? 1 : 2,
        OTHERS.szse[row.counter],
        row.state + 1,
        pipe(row.buyer),
        pipe(row.seller),
        row.price,
        row.fee,
        '20260302',
        0,
      ].join('|'),
    );
    const body = ['H|SZSE|20260302|3|7', ...lines].map((line) => `${line}\n`).join('');
    const digest = createHash('sha256').update(body).digest('hex');
    return Buffer.from(`${body}T|${rows.length}|${total(rows, 'price')}|${total(rows, 'fee')}|${digest}`);
  },
};

const name = fc
  .string({
    unit: fc.constantFrom('A', '7', '-', '沪', '技', '成', '|', '\\', '"', '<', '&', "'", ' ', '/', '}', 'é'),
    minLength: 1,
    maxLength: 20,
  })
  .filter((text) => text.trim() === text && text !== '');
const row: fc.Arbitrary<Row> = fc.record({
  number: name,
  home: fc.option(name, { nil: undefined }),
  counter: fc.integer({ min: 0, max: 1 }),
  state: fc.integer({ min: 0, max: 2 }),
  buyer: name,
  seller: name,
  price: fc.bigInt({ min: 0n, max: 900_719_925_474_099n }),
  fee: fc.bigInt({ min: 0n, max: 99_999n }),
});
const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 });

describe.each([
  ['ctex', ctex],
  ['stex', stex],
  ['szse', szse],
] as const)('the books of %s as a stream', (exchange, adapter) => {
  test('wherever the stream is cut, every row comes out as it was written, with sound controls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), sizes, async (rows, cuts) => {
        const { rows: found, bad, controls } = await read(adapter, write[exchange](rows), cuts);
        expect(bad).toEqual([]);
        expect(found).toEqual(
          rows.map((one, i) => ({
            line: exchange === 'szse' ? i + 2 : i + 1,
            dealNumber: one.number,
            homeDealNumber: one.home,
            role: one.home === undefined ? 'home' : 'host',
            counterExchange: OTHERS[exchange][one.counter]!.toLowerCase(),
            state: ['signed', 'certified', 'cancelled'][one.state],
            buyer: one.buyer,
            seller: one.seller,
            priceFen: one.price,
            feeFen: one.fee,
            businessDate: '2026-03-02',
          })),
        );
        expect(controls).toMatchObject({
          ok: true,
          value: {
            exchange,
            date: '2026-03-02',
            batch: 3,
            openingCount: 7,
            count: rows.length,
            totalPriceFen: total(rows, 'price'),
            totalFeeFen: total(rows, 'fee'),
            isDigestRight: true,
          },
        });
      }),
      { numRuns: 60 },
    );
  });

  test('the stream and the whole read the same of any altered file: both refuse it, or both give the same rows', async () => {
    const bytes = write[exchange]([
      { number: '沪技1', home: undefined, counter: 0, state: 0, buyer: 'B1', seller: 'S1', price: 123_456n, fee: 7n },
      { number: 'N2', home: 'H2', counter: 1, state: 2, buyer: 'B2', seller: 'S2', price: 100n, fee: 0n },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.byteLength - 1),
        fc.constantFrom(...Buffer.from('0|\\"<>&,}]\n 9\u0000é')),
        async (at, byte) => {
          const altered = Buffer.from(bytes);
          altered[at] = byte;
          const pages = exchange === 'ctex' ? linesOf(altered) : [altered];
          const whole = adapter.decodeStatement(pages);
          const stream = await read(adapter, altered, [50]);
          const isSound = stream.controls.ok && stream.controls.value.isDigestRight && stream.bad.length === 0;
          if (!whole.ok) {
            expect(isSound).toBe(false);
            return;
          }
          const expected = whole.value.rows.map((one) => [
            one.dealNumber,
            one.homeDealNumber,
            one.state,
            fenOf(one.price),
            fenOf(one.fee),
          ]);
          const found = stream.rows.map((one) => [
            one.dealNumber,
            one.homeDealNumber,
            one.state,
            one.priceFen,
            one.feeFen,
          ]);
          // Only clearing knows that a host's row needs the home's number and that nobody is his own counterpart.
          if (stream.bad.length === 0) expect(found).toEqual(expected);
          expect(stream.controls.ok).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a row that cannot be read goes out with its line, its bytes and the reason; the others stay', async () => {
    const good: Row = {
      number: 'N1',
      home: undefined,
      counter: 0,
      state: 0,
      buyer: 'B',
      seller: 'S',
      price: 100n,
      fee: 5n,
    };
    const bytes = write[exchange]([good, { ...good, number: 'BADSTATE' }, { ...good, number: 'N3' }]);
    const text = bytes.toString('latin1');
    const at = text.indexOf('BADSTATE');
    const broken = text.slice(0, at) + text.slice(at).replace(/(<ZT>)1|(state":")SIGNED|(STEX\||CTEX\|)1/, '$1$2$39');
    const { rows, bad, controls } = await read(adapter, Buffer.from(broken, 'latin1'));
    expect(rows.map((one) => one.dealNumber)).toEqual(['N1', 'N3']);
    expect(bad).toHaveLength(1);
    expect(bad[0]).toMatchObject({
      line: exchange === 'szse' ? 3 : 2,
      refusals: [{ code: 'unknown-code' }],
      priceFen: 100n,
      feeFen: 5n,
    });
    expect(Buffer.from(bad[0]!.bytes).toString()).toContain('BADSTATE');
    expect(controls).toMatchObject({ ok: true, value: { count: 3, isDigestRight: false } });
  });

  test('books cut short anywhere are no statement', async () => {
    const bytes = write[exchange]([
      { number: 'N1', home: undefined, counter: 0, state: 0, buyer: 'B', seller: 'S', price: 100n, fee: 5n },
      { number: 'N2', home: 'H2', counter: 1, state: 2, buyer: 'B2', seller: 'S2', price: 100n, fee: 0n },
    ]);
    for (let length = 0; length < bytes.byteLength - 1; length += 3) {
      const { controls } = await read(adapter, bytes.subarray(0, length));
      expect([length, controls.ok && controls.value.isDigestRight]).toEqual([length, false]);
    }
  });
});

test('a document with a DOCTYPE is refused before anything in it is read', async () => {
  const bytes = Buffer.from(
    '<?xml version="1.0" encoding="GB18030"?><!DOCTYPE DZD [<!ENTITY a "b">]><DZD RQ="20260302">',
  );
  const { controls } = await read(stex, bytes);
  expect(controls).toMatchObject({ ok: false, refusals: [{ code: 'doctype-forbidden' }] });
});

function linesOf(bytes: Buffer): readonly Buffer[] {
  const at = bytes.indexOf('\n{');
  return at < 0 ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at + 1)];
}
