import { randomUUID } from 'node:crypto';
import { adapters } from '../../../adapters/all.ts';
import { booksOf } from '../../../src/clearing/book.ts';
import { BookFetching, type FetchParts } from '../../../src/clearing/fetch-books.ts';
import { type Exchange, exchanges } from '../../../src/contract/exchange.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { writeBook } from '../../support/clearing/writers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = '2026-03-02';
const CUT_OFFS = { ctex: '17:00', stex: '16:30', szse: '15:30' } as const;
const at = (time: string) => Date.parse(`${DAY}T${time}+08:00`);

describe('fetching the books', () => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  test('each exchange is asked after its own cut-off, again and ever later while it fails, and never once its books are there', async () => {
    let nowMs = at('15:30:00');
    const asked: string[] = [];
    const down = new Set<Exchange>(['stex']);
    const parts: FetchParts = {
      url: place.url,
      database,
      limits: {
        timeoutMs: 60_000,
        lockTimeoutMs: 10_000,
        role: GATEWAY_ROLE,
        quarantineRows: 10,
        quarantineBytes: 100,
      },
      nowMs: () => nowMs,
      newId: randomUUID,
      retry: { baseMs: 10_000, capMs: 30_000 },
      cutOff: (exchange) => CUT_OFFS[exchange],
      async fetch(exchange, date) {
        asked.push(exchange);
        if (down.has(exchange)) throw new Error('no answer');
        return { bytes: writeBook[exchange]([], { date, batch: 1 }) };
      },
      read: (exchange, bytes) => adapters.find((one) => one.exchange === exchange)!.readStatement(bytes),
    };
    const fetching = new BookFetching(parts);
    const look = async (time: string) => {
      nowMs = at(time);
      asked.length = 0;
      const found = await fetching.look(DAY, 1);
      expect(found.map(({ exchange }) => exchange)).toEqual(exchanges);
      return [found.map(({ outcome }) => outcome), [...asked]];
    };
    expect(await look('15:30:00')).toEqual([['waiting', 'waiting', 'waiting'], []]);
    expect(await look('15:30:01')).toEqual([['waiting', 'waiting', 'loaded'], ['szse']]);
    expect(await look('16:31:00')).toEqual([['waiting', 'failed', 'there'], ['stex']]);
    expect(await look('16:31:09')).toEqual([['waiting', 'waiting', 'there'], []]);
    expect(await look('16:31:11')).toEqual([['waiting', 'failed', 'there'], ['stex']]);
    expect(await look('16:31:30')).toEqual([['waiting', 'waiting', 'there'], []]);
    expect(await look('16:31:32')).toEqual([['waiting', 'failed', 'there'], ['stex']]);
    down.clear();
    expect(await look('17:00:01')).toEqual([
      ['loaded', 'loaded', 'there'],
      ['ctex', 'stex'],
    ]);
    expect(await look('18:00:00')).toEqual([['there', 'there', 'there'], []]);
    expect((await booksOf(database, DAY)).map(({ side, state, source }) => [side, state, source]).sort()).toEqual(
      [...exchanges].map((exchange) => [exchange, 'loaded', 'link']),
    );
  });
});
