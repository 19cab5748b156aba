import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

describe('the tables of the books', () => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 2, role: GATEWAY_ROLE });
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  const insert = `insert into clearing_row (cycle, cycle_version, side, deal_id, ordinal, home, host, state, buyer, seller,
      price_fen, fee_fen, business_date, in_flight, native_number, line, book)
    values ('2026-03-02', 1, 'ctex', $1, $2, 'ctex', 'stex', 'signed', 'b', 's', 1, 1, '2026-03-02', false, 'n', 1,
      '00000000-0000-4000-8000-000000000000')`;

  test('the database itself refuses the same deal twice under one ordinal', async () => {
    await database.query(insert, ['ctex:1', 1]);
    await database.query(insert, ['ctex:1', 2]);
    await expect(database.query(insert, ['ctex:1', 2])).rejects.toMatchObject({ code: '23505' });
  });

  test('the gateway, which owns no table, can have the rows analysed', async () => {
    await database.query('select analyze_clearing_rows()');
    const { rows } = await database.query<{ n: bigint }>(
      `select sum(reltuples)::bigint as n from pg_class where relname ~ '^clearing_row_[0-9]+$'`,
    );
    expect(rows[0]?.n).toBe(2n);
  });
});
