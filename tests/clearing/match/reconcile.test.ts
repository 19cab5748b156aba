import { randomUUID } from 'node:crypto';
import { jobsHere } from '../../../src/clearing/jobs.ts';
import { foundIn, type KeptFound } from '../../../src/clearing/match-found.ts';
import { type RunSummary, reconcile } from '../../../src/clearing/reconcile.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = '2026-03-02';

describe('comparing loaded books', () => {
  let place: TestDatabase;
  let database: Database;
  let clock = Date.parse('2026-03-02T18:00:00+08:00');
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 3, role: GATEWAY_ROLE });
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });
  beforeEach(() => database.query('delete from clearing_row'));

  interface Told {
    readonly deal: string;
    readonly side: 'ctex' | 'stex' | 'szse' | 'journal';
    readonly host?: string;
    readonly price?: number;
    readonly ordinal?: number;
    readonly buyer?: string;
    readonly inFlight?: boolean;
  }
  /** A row of a deal of ctex. */
  const tell = ({ deal, side, host = 'stex', price = 100_000, ordinal = 1, buyer = 'B', inFlight = false }: Told) =>
    database.query(
      `insert into clearing_row (cycle, cycle_version, side, deal_id, ordinal, home, host, role, state, buyer, seller,
         price_fen, fee_fen, home_fee_fen, host_fee_fen, business_date, in_flight, native_number, line, book)
       values ('${DAY}', 1, $1, $2, $3, 'ctex', $4, $5, 'signed', $6, 'S', $7, 10, $8, $8, '${DAY}', $9, 'n', 1,
         '00000000-0000-4000-8000-000000000000')`,
      [
        ...[side, `ctex:${deal}`, ordinal, host, side === 'journal' ? null : side === 'ctex' ? 'home' : 'host', buyer],
        ...[price, side === 'journal' ? 10 : null, inFlight],
      ],
    );
  const all = async (deal: string, more: Omit<Told, 'deal' | 'side'> = {}) => {
    for (const side of ['ctex', 'journal', 'stex'] as const) await tell({ deal, side, ...more });
  };
  const compare = async (): Promise<RunSummary & { readonly found: readonly KeptFound[] }> => {
    const order = { cycle: DAY, version: 1, tolerances: [] };
    const summary = await reconcile(order, {
      database,
      jobs: jobsHere(2),
      nowMs: () => (clock += 1000),
      newId: randomUUID,
    });
    const found: KeptFound[] = [];
    for await (const page of foundIn(database, summary.run)) found.push(...page);
    return { ...summary, found };
  };
  const short = ({ found }: { readonly found: readonly KeptFound[] }) =>
    found.map(({ dealId, code, side }) => `${dealId} ${code} ${side}`).sort();

  it('counts what is equal in the database, and leaves no row of it', async () => {
    for (let n = 0; n < 40; n++) await all(`E${n}`);
    const { equal, found, tally } = await compare();
    expect(found).toEqual([]);
    expect(equal.reduce((sum, { deals }) => sum + deals, 0)).toBe(40);
    expect(tally.journal.matched).toEqual({ rows: 40, priceFen: '4000000' });
  });

  it('finds again under the same id, and says what has cleared', async () => {
    await tell({ deal: '1', side: 'journal' });
    await tell({ deal: '1', side: 'ctex' });
    await tell({ deal: '2', side: 'ctex', price: 99_999 });
    await tell({ deal: '2', side: 'journal' });
    await tell({ deal: '2', side: 'stex' });
    const first = await compare();
    const again = await compare();
    expect(short(first)).toEqual(['ctex:1 P101 null', 'ctex:2 AMT- ctex']);
    expect(again.resultSha256).toBe(first.resultSha256);
    expect(again.found).toEqual(first.found);
    expect(again.cleared).toEqual([]);
    await tell({ deal: '1', side: 'stex' });
    const later = await compare();
    expect(later.resultSha256).not.toBe(first.resultSha256);
    expect(later.cleared).toEqual(first.found.filter(({ code }) => code === 'P101').map(({ breakId }) => breakId));
  });

  it('notices that two equal deals have swapped their amounts on all sides, though no break and no sum says so', async () => {
    await all('1', { price: 1 });
    await all('2', { price: 2 });
    const before = await compare();
    await database.query('delete from clearing_row');
    await all('1', { price: 2 });
    await all('2', { price: 1 });
    const after = await compare();
    expect(after.tally).toEqual(before.tally);
    expect(after.resultSha256).not.toBe(before.resultSha256);
  });

  it('counts a deal that one book has twice as a break of that book, its second row with it', async () => {
    await all('1');
    await tell({ deal: '1', side: 'stex', ordinal: 2 });
    const compared = await compare();
    expect(short(compared)).toEqual(['ctex:1 DUP stex']);
    expect(compared.tally.stex.break).toEqual({ rows: 2, priceFen: '200000' });
    expect(compared.tally.ctex.matched.rows).toBe(1);
  });

  it('suspects a second number for a known deal, and not for one that nobody else knows', async () => {
    await all('1');
    await tell({ deal: '9', side: 'stex' });
    const compared = await compare();
    expect(short(compared)).toEqual(['ctex:9 DUP~ stex']);
    expect(compared.found[0]!.suggestions).toMatchObject([{ kind: 'DUP~', deals: ['ctex:1'], ambiguous: false }]);
    await database.query('delete from clearing_row');
    for (const deal of ['8', '9']) await tell({ deal, side: 'stex' });
    expect(short(await compare())).toEqual(['ctex:8 P010 null', 'ctex:9 P010 null']);
  });

  it('keeps a third exchange that claims the same deal apart from the true host', async () => {
    await all('1');
    await tell({ deal: '1', side: 'szse', host: 'szse', buyer: 'X' });
    const { found, equal } = await compare();
    expect(found).toMatchObject([{ dealId: 'ctex:1', code: 'P010', home: 'ctex', host: 'szse', blame: 'szse' }]);
    expect(equal).toMatchObject([{ home: 'ctex', host: 'stex', deals: 1 }]);
  });

  it('pairs a wrong reference with the deal it belongs to, and leaves both breaks standing', async () => {
    await tell({ deal: '1', side: 'journal' });
    await tell({ deal: '1', side: 'ctex' });
    await tell({ deal: '7', side: 'stex' });
    const { found } = await compare();
    expect(found.map(({ code, suggestions }) => [code, suggestions[0]?.kind]).sort()).toEqual([
      ['P010', 'REF'],
      ['P101', 'REF'],
    ]);
  });

  it('does not count as a break what is on the way', async () => {
    await tell({ deal: '1', side: 'journal', inFlight: true });
    await tell({ deal: '1', side: 'ctex' });
    const { breaks, tally } = await compare();
    expect(breaks).toEqual({});
    expect([tally.journal['in-flight'].rows, tally.ctex['in-flight'].rows]).toEqual([1, 1]);
  });
});
