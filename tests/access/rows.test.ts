import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { type Database, openDatabase, type Queryable } from '../../src/journal/database.ts';
import { type Viewer, viewing } from '../../src/journal/viewing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillMarket, KEYS, type Kept } from './market.ts';

let made: TestDatabase;
let database: Database;
let kept: readonly Kept[];

beforeAll(async () => {
  made = await createTestDatabase();
  database = openDatabase(made.url, { max: 3 });
  kept = await fillMarket(database);
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

const keysOf = async (connection: Queryable, table: string): Promise<readonly string[]> => {
  const { rows } = await connection.query<{ key: string }>(`select (${KEYS[table]})::text as key from ${table}`);
  return rows.map(({ key }) => key).sort();
};
const expected = (table: string, of: (row: Kept) => boolean) =>
  kept
    .filter((row) => row.table === table && of(row))
    .map(({ key }) => key)
    .sort();

describe.each(Object.keys(KEYS))('of %s, asked in SQL under the reader role,', (table) => {
  it.each(exchanges)('%s sees its own rows: all of them and no other', async (viewer) => {
    const due = expected(table, ({ seenBy }) => seenBy.includes(viewer));
    expect(due.length).toBeGreaterThan(0);
    expect(await viewing(database, viewer, (connection) => keysOf(connection, table))).toEqual(due);
  });

  it('staff sees every row, and nobody none', async () => {
    expect(await viewing(database, '*', (connection) => keysOf(connection, table))).toEqual(
      expected(table, () => true),
    );
    expect(await viewing(database, '', (connection) => keysOf(connection, table))).toEqual([]);
  });
});

const asReader = <Result>(viewer: Viewer, sql: string) =>
  viewing(database, viewer, async (connection) => (await connection.query<Result & Record<string, unknown>>(sql)).rows);

describe('the reader role', () => {
  it('sees nothing when nobody said who reads', async () => {
    const client = await database.connect();
    try {
      await client.query('begin');
      await client.query('set local role qiao_reader');
      for (const table of Object.keys(KEYS)) {
        expect([table, (await client.query(`select 1 from ${table}`)).rowCount]).toEqual([table, 0]);
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  it('keeps the eyes of one reading apart from the next on the same connection', async () => {
    const one = openDatabase(made.url, { max: 1 });
    try {
      const seen = (viewer: Exchange) => viewing(one, viewer, (connection) => keysOf(connection, 'deal'));
      const [ctex, stex] = [await seen('ctex'), await seen('stex')];
      expect(ctex).not.toEqual(stex);
      expect(await seen('ctex')).toEqual(ctex);
      const after = await one.query<{ role: string; viewer: string }>(
        'select current_user as role, viewer() as viewer',
      );
      expect(after.rows[0]).toMatchObject({ viewer: '' });
      expect(after.rows[0]!.role).not.toBe('qiao_reader');
    } finally {
      await one.close();
    }
  });

  it.each([
    `insert into audit (bytes, actor, role, act, subject, at) values ('', 'x', 'x', 'x', 'x', now())`,
    `update listing set title = 'x'`,
    'delete from delivery',
    'truncate deal',
    'select * from session',
    'select digest from api_key',
    'select password from account',
    'select * from login_failure',
    'select * from idempotency',
    'select * from inbox',
    'select * from leaf_message',
    'select * from stream',
    'create table mine (x int)',
  ])('may not: %s', async (sql) => {
    await expect(asReader('*', sql)).rejects.toThrow(/permission denied|read-only/);
  });

  // The log itself and the trust list: hashes and public keys, there to be shown to anybody who has a proof to check.
  const FOR_ALL = ['trust_version', 'journal_leaf', 'journal_node', 'checkpoint', 'cosignature', 'crl_seen'];

  /** COPY takes no row-level policy, so these rows are read through a view that holds the rule (0010). */
  const GUARDED_VIEWS = ['clearing_row_seen'];

  it('sees of the loaded books its own rows, and of the journal its own deals', async () => {
    const rows = [
      ['ctex', 'ctex:1', 'ctex', 'stex'],
      ['stex', 'ctex:1', 'ctex', 'stex'],
      ['journal', 'ctex:1', 'ctex', 'stex'],
      ['szse', 'szse:2', 'szse', 'stex'],
      ['journal', 'szse:2', 'szse', 'stex'],
    ] as const;
    for (const [side, deal, home, host] of rows) {
      await database.query(
        `insert into clearing_row values ('2026-03-02', 1, $1, $2, 1, $3, $4, null, 'signed', 'b', 's', 1, 1, null, null,
                                          '2026-03-02', false, null, 'n', 1, gen_random_uuid())`,
        [side, deal, home, host],
      );
    }
    const seen = async (viewer: Viewer) => {
      const found = await asReader<{ side: string; deal_id: string }>(viewer, 'select * from clearing_row_seen');
      return found.map(({ side, deal_id }) => `${side} ${deal_id}`).sort();
    };
    expect(await seen('ctex')).toEqual(['ctex ctex:1', 'journal ctex:1']);
    expect(await seen('szse')).toEqual(['journal szse:2', 'szse szse:2']);
    expect(await seen('*')).toHaveLength(rows.length);
    expect(await seen('')).toEqual([]);
    await expect(asReader('*', 'select * from clearing_row')).rejects.toThrow(/permission denied/);
  });

  it('may read no table whose rows no policy guards, but those that are for all', async () => {
    const { rows } = await database.query<{ name: string }>(
      `select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind in ('r', 'v', 'm', 'p') and not c.relrowsecurity
          and (has_table_privilege('qiao_reader', c.oid, 'select')
               or has_any_column_privilege('qiao_reader', c.oid, 'select'))`,
    );
    const open = [...FOR_ALL, ...GUARDED_VIEWS];
    expect(rows.map(({ name }) => name).filter((name) => !open.includes(name))).toEqual([]);
  });

  it('finds a listing by its key and a page by its time with the indexes that staff uses', async () => {
    const plans = await viewing(database, 'ctex', async (connection) => {
      await connection.query('set local enable_seqscan = off');
      const plan = async (sql: string) =>
        JSON.stringify((await connection.query(`explain (format json) ${sql}`)).rows[0]);
      return [
        await plan(`select * from listing where id = 'ctex:N-1'`),
        await plan(`select * from listing where (updated_at, id) > (now(), '') order by updated_at, id limit 10`),
        await plan(`select * from message where id = '00000000-0000-0000-0000-000000000000'`),
        await plan(`select * from delivery where message = '00000000-0000-0000-0000-000000000000'`),
      ];
    });
    for (const [i, index] of ['listing_pkey', 'listing_page', 'message_id_key', 'delivery_message'].entries()) {
      expect(plans[i]).toContain(index);
      expect(plans[i]).toContain('Index Cond');
    }
  });
});
