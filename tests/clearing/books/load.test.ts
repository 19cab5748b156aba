import { randomUUID } from 'node:crypto';
import { adapters } from '../../../adapters/all.ts';
import { booksOf } from '../../../src/clearing/book.ts';
import { type Loaded, type LoadParts, loadStatement } from '../../../src/clearing/load.ts';
import { loadJournalLines } from '../../../src/clearing/load-journal.ts';
import { quarantineOf } from '../../../src/clearing/quarantine.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import type { Row } from '../../support/clearing/truth.ts';
import { writeBook } from '../../support/clearing/writers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = '2026-03-02';
const row = (number: string, more: Partial<Row> = {}): Row => ({
  dealNumber: number,
  homeDealNumber: undefined,
  role: 'home',
  counter: 'stex',
  state: 'signed',
  buyer: '91310110MA0024201E',
  seller: '91110108MA0015188W',
  price: 1_000_00n,
  fee: 10_00n,
  date: DAY,
  funds: 0,
  ...more,
});

describe('loading books', () => {
  let place: TestDatabase;
  let database: Database;
  let parts: LoadParts;
  let owner: Database;
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 2, role: GATEWAY_ROLE });
    owner = openDatabase(place.url, { max: 1 });
    parts = {
      url: place.url,
      limits: { timeoutMs: 60_000, lockTimeoutMs: 10_000, role: GATEWAY_ROLE, quarantineRows: 3, quarantineBytes: 200 },
      nowMs: () => Date.parse(`${DAY}T17:00:00+08:00`),
      newId: randomUUID,
    };
  });
  // One database for all: what is append-only is emptied past its triggers, which only a superuser can.
  beforeEach(async () => {
    await owner.query('set session_replication_role = replica');
    await owner.query('truncate clearing_row, clearing_quarantine, clearing_book');
  });
  afterAll(async () => {
    await Promise.all([database.close(), owner.close()]);
    await place.drop();
  });

  const ctex = adapters.find(({ exchange }) => exchange === 'ctex')!;
  const load = (bytes: Uint8Array, cycle = DAY): Promise<Loaded> =>
    loadStatement(
      {
        cycle,
        version: 1,
        side: 'ctex',
        source: 'test',
        bytes: once(bytes),
        read: (source) => ctex.readStatement(source),
      },
      parts,
    );
  const stored = async () => {
    const { rows } = await database.query<{ deal_id: string; ordinal: number; line: number; price_fen: bigint }>(
      'select deal_id, ordinal, line, price_fen from clearing_row order by deal_id, ordinal',
    );
    return rows;
  };

  test('every row stands in the table under the id of its home, with the book that it came in', async () => {
    const rows = [
      row('CJ1'),
      row('CJ9', { role: 'host', counter: 'szse', homeDealNumber: 'a\\b\tc', state: 'cancelled' }),
    ];
    // A tab is no character of an id: that row is read as bad, and the book with it is refused below.
    const { outcome } = await load(
      writeBook.ctex([rows[0]!, { ...rows[1]!, homeDealNumber: 'a\\b|c' }], { date: DAY, batch: 1 }),
    );
    expect(outcome).toBe('loaded');
    const found = await database.query('select * from clearing_row order by line');
    const [book] = await booksOf(database, DAY);
    const same = {
      cycle: DAY,
      cycle_version: 1,
      side: 'ctex',
      ordinal: 1,
      price_fen: 100_000n,
      fee_fen: 1_000n,
      home_fee_fen: null,
      host_fee_fen: null,
      business_date: DAY,
      in_flight: false,
      listing: null,
      further: null,
      book: book!.id,
      buyer: rows[0]!.buyer,
      seller: rows[0]!.seller,
    };
    expect(found.rows).toEqual([
      {
        ...same,
        deal_id: 'ctex:CJ1',
        home: 'ctex',
        host: 'stex',
        role: 'home',
        state: 'signed',
        native_number: 'CJ1',
        line: 1,
      },
      {
        ...same,
        deal_id: 'szse:a\\b|c',
        home: 'szse',
        host: 'ctex',
        role: 'host',
        state: 'cancelled',
        native_number: 'CJ9',
        line: 2,
      },
    ]);
    expect(book).toMatchObject({
      state: 'loaded',
      batch: 1,
      rowCount: 2n,
      totalPriceFen: 200_000n,
      totalFeeFen: 2_000n,
      quarantined: 0,
    });
  });

  test('the same deal again gets the next ordinal in the order of the lines, and none is lost', async () => {
    const rows = [
      row('A', { price: 1n }),
      row('B'),
      row('A', { price: 2n }),
      row('C'),
      row('A', { price: 3n }),
      row('B'),
    ];
    await load(writeBook.ctex(rows, { date: DAY, batch: 1 }));
    expect((await stored()).map((one) => [one.deal_id, one.ordinal, one.line])).toEqual([
      ['ctex:A', 1, 1],
      ['ctex:A', 2, 3],
      ['ctex:A', 3, 5],
      ['ctex:B', 1, 2],
      ['ctex:B', 2, 6],
      ['ctex:C', 1, 4],
    ]);
  });

  test.each([
    ['count', (text: string) => text.replace('"count":2', '"count":3')],
    ['total-price', (text: string) => text.replace('"totalPrice":"2000.00"', '"totalPrice":"2000.01"')],
    ['total-fee', (text: string) => text.replace('"totalFee":"20.00"', '"totalFee":"19.99"')],
    ['digest', (text: string) => text.replace('"dealNo":"A"', '"dealNo":"Z"')],
    ['date', (text: string) => text.replace('{"date":"2026-03-02"', '{"date":"2026-03-01"')],
    ['unreadable', (text: string) => text.slice(0, -30)],
  ])('a book whose %s is wrong is refused whole, and what stood before goes on standing', async (control, alter) => {
    await load(writeBook.ctex([row('OLD')], { date: DAY, batch: 1 }));
    const text = writeBook.ctex([row('A'), row('B')], { date: DAY, batch: 2 }).toString();
    expect(alter(text)).not.toBe(text);
    const { outcome, book } = await load(Buffer.from(alter(text)));
    expect(outcome).toBe('refused');
    expect(book.failures.map((one) => one.control)).toEqual([control]);
    expect((await stored()).map((one) => one.deal_id)).toEqual(['ctex:OLD']);
    expect((await booksOf(database, DAY)).map((one) => one.state).sort()).toEqual(['loaded', 'refused']);
  });

  test('the books of another exchange are refused', async () => {
    const szse = adapters.find(({ exchange }) => exchange === 'szse')!;
    const bytes = writeBook.szse([row('A')], { date: DAY, batch: 1 });
    const { outcome, book } = await loadStatement(
      {
        cycle: DAY,
        version: 1,
        side: 'ctex',
        source: 'test',
        bytes: once(bytes),
        read: (source) => szse.readStatement(source),
      },
      parts,
    );
    expect([outcome, book.failures.map((one) => one.control)]).toEqual(['refused', ['exchange']]);
  });

  test('the same bytes get the first answer; a higher batch replaces; an older or an altered one is refused', async () => {
    const first = writeBook.ctex([row('A'), row('B')], { date: DAY, batch: 2 });
    const { book } = await load(first);
    expect(await load(first)).toEqual({ outcome: 'repeated', book });
    const altered = await load(writeBook.ctex([row('A')], { date: DAY, batch: 2 }));
    expect(altered.book.failures.map((one) => one.control)).toEqual(['batch-conflict']);
    const older = await load(writeBook.ctex([row('A')], { date: DAY, batch: 1 }));
    expect(older.book.failures.map((one) => one.control)).toEqual(['batch-older']);
    expect((await stored()).map((one) => one.deal_id)).toEqual(['ctex:A', 'ctex:B']);
    expect((await load(writeBook.ctex([row('C')], { date: DAY, batch: 3 }))).outcome).toBe('loaded');
    expect((await stored()).map((one) => one.deal_id)).toEqual(['ctex:C']);
    expect((await load(first)).outcome).toBe('repeated');
    expect((await stored()).map((one) => one.deal_id)).toEqual(['ctex:C']);
  });

  test('the opening count must be the closing count of the day before', async () => {
    const opening = (bytes: Buffer, count: number) =>
      Buffer.from(bytes.toString().replaceAll('"openingCount":0', `"openingCount":${count}`));
    await load(opening(writeBook.ctex([row('A'), row('B')], { date: '2026-03-02', batch: 1 }), 40), '2026-03-02');
    const next = writeBook.ctex([row('C')], { date: '2026-03-03', batch: 1 });
    const refused = await load(opening(next, 41), '2026-03-03');
    expect(refused.book.failures).toMatchObject([{ code: 'CTL', control: 'opening', stated: '41', found: '42' }]);
    expect((await load(opening(next, 42), '2026-03-03')).outcome).toBe('loaded');
  });

  test('a bad row is kept with its line, bytes and reason, and the rest is loaded where the controls still hold', async () => {
    const text = writeBook.ctex([row('A'), row('B', { counter: 'ctex' }), row('C')], { date: DAY, batch: 1 });
    const { outcome, book } = await load(text);
    expect([outcome, book.quarantined]).toEqual(['loaded', 1]);
    expect((await stored()).map((one) => one.deal_id)).toEqual(['ctex:A', 'ctex:C']);
    const [kept, ...more] = await quarantineOf(database, book.id, 0, 10);
    expect(more).toEqual([]);
    expect(kept).toMatchObject({ line: 2, refusals: [{ code: 'inconsistent', pointer: '/counterExchange' }] });
    expect(kept!.bytes.toString()).toContain('"dealNo":"B"');
    expect(kept!.bytes.byteLength).toBe(200);
  });

  test('a book with more bad rows than are kept is refused, and those kept can still be looked at', async () => {
    const rows = Array.from({ length: 5 }, (_, i) => row(`B${i}`, { counter: 'ctex' }));
    const { outcome, book } = await load(writeBook.ctex(rows, { date: DAY, batch: 1 }));
    expect([outcome, book.failures.map((one) => one.control)]).toEqual(['refused', ['bad-rows']]);
    expect(await quarantineOf(database, book.id, 0, 10)).toHaveLength(3);
  });

  test('a source that breaks off leaves nothing behind', async () => {
    async function* broken() {
      yield writeBook.ctex([row('A')], { date: DAY, batch: 1 }).subarray(0, 300);
      throw new Error('the disk is gone');
    }
    const order = {
      cycle: DAY,
      version: 1,
      side: 'ctex' as const,
      source: 'test',
      bytes: broken(),
      read: ctex.readStatement,
    };
    await expect(loadStatement(order, parts)).rejects.toThrow('the disk is gone');
    expect(await booksOf(database, DAY)).toEqual([]);
    expect(await stored()).toEqual([]);
  });

  describe('the journal', () => {
    const deal = (number: string, more: Readonly<Record<string, unknown>> = {}) => ({
      kind: 'deal',
      id: `ctex:${number}`,
      version: 1,
      listing: { id: 'ctex:L1', version: 1 },
      home: 'ctex',
      host: 'stex',
      status: 'confirmed',
      dealType: 'transfer',
      mode: 'agreement',
      seller: { name: 'S', kind: 'legal', uscc: '91110108MA0015188W', nature: 'private', country: '142' },
      buyer: { name: '某自然人', kind: 'natural', nature: 'natural-person', country: '142' },
      price: { amount: '1000.00', currency: 'CNY' },
      fees: [
        { payer: 'seller', exchange: 'ctex', amount: { amount: '3.00', currency: 'CNY' } },
        { payer: 'buyer', exchange: 'stex', amount: { amount: '2.50', currency: 'CNY' } },
        { payer: 'buyer', exchange: 'ctex', amount: { amount: '0.25', currency: 'CNY' } },
      ],
      concludedAt: `${DAY}T10:00:00+08:00`,
      ...more,
    });
    const journal = (deals: readonly unknown[], space?: number) =>
      loadJournalLines(
        {
          cycle: DAY,
          version: 1,
          source: 'test',
          bytes: once(
            Buffer.from(deals.map((one) => JSON.stringify(one, null, space).replaceAll('\n', ' ')).join('\n')),
          ),
        },
        parts,
      );

    test('a deal stands with the fees of either exchange, its parties and whether it is in flight', async () => {
      expect((await journal([deal('1'), deal('2', { status: 'concluded' })], 1)).ok).toBe(true);
      const { rows } = await database.query('select * from clearing_row order by deal_id');
      expect(rows).toMatchObject([
        {
          deal_id: 'ctex:1',
          side: 'journal',
          role: null,
          state: 'signed',
          fee_fen: 575n,
          home_fee_fen: 325n,
          host_fee_fen: 250n,
          buyer: '某自然人',
          seller: '91110108MA0015188W',
          in_flight: false,
          listing: 'ctex:L1',
          business_date: DAY,
          price_fen: 100_000n,
        },
        { deal_id: 'ctex:2', in_flight: true },
      ]);
    });

    test('of several versions the newest stands, in whatever order they come', async () => {
      const versions = [2, 4, 1, 3].map((version) =>
        deal('1', { version, price: { amount: `${version}.00`, currency: 'CNY' } }),
      );
      const book = await journal([...versions, deal('2'), deal('2')]);
      expect((await stored()).map((one) => [one.deal_id, one.price_fen])).toEqual([
        ['ctex:1', 400n],
        ['ctex:2', 100_000n],
      ]);
      expect(book).toMatchObject({ ok: true, value: { rowCount: 2n, totalPriceFen: 100_400n } });
    });

    test('deals of other days stand only where a book names them', async () => {
      await load(writeBook.ctex([row('1'), row('2')], { date: DAY, batch: 1 }));
      const early = { concludedAt: '2026-03-01T10:00:00+08:00' };
      await journal([deal('1'), deal('2', early), deal('3', early)]);
      const { rows } = await database.query<{ deal_id: string }>(
        `select deal_id from clearing_row where side = 'journal' order by deal_id`,
      );
      expect(rows.map((one) => one.deal_id)).toEqual(['ctex:1', 'ctex:2']);
    });

    test.each([
      ['no JSON', '{', '/2'],
      ['a key twice', JSON.stringify(deal('2')).replace('"version":1', '"version":1,"version":2'), '/2'],
      ['a fraction of a fen', JSON.stringify(deal('2')).replace('1000.00', '1000.001'), '/2/price'],
      ['an unknown status', JSON.stringify(deal('2', { status: 'constructor' })), '/2/status'],
      ['an id of another exchange', JSON.stringify(deal('2', { id: 'szse:2' })), '/2/id'],
    ])('a line with %s refuses the journal, and names the line', async (_, line, pointer) => {
      const bytes = once(Buffer.from(`${JSON.stringify(deal('1'))}\n${line}\n`));
      const loaded = await loadJournalLines({ cycle: DAY, version: 1, source: 'test', bytes }, parts);
      expect(loaded).toMatchObject({ ok: false, refusals: [{ pointer }] });
      expect(await stored()).toEqual([]);
    });
  });
});

async function* once(bytes: Uint8Array) {
  yield bytes;
}
