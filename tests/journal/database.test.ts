import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Database, openDatabase, ping, type Queryable, transaction, within } from '../../src/journal/database.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';

let place: TestDatabase;
let database: Database;

beforeAll(async () => {
  place = await createEmptyDatabase();
  database = openDatabase(place.url, { max: 4, statementTimeoutMs: 10_000, lockTimeoutMs: 200 });
  await database.query('CREATE TABLE numbers (n int8 PRIMARY KEY)');
});

afterAll(async () => {
  await database.close();
  await place.drop();
});

describe('the database', () => {
  it('answers a ping', async () => {
    await expect(ping(database)).resolves.toBeUndefined();
  });

  it('gives every int8 back as the same bigint', async () => {
    const int8 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    await fc.assert(
      fc.asyncProperty(int8, async (n) => {
        const { rows } = await database.query<{ n: bigint }>('SELECT $1::int8 AS n', [n]);
        return rows[0]?.n === n;
      }),
      { numRuns: 50 },
    );
  });

  it('gives a business day as it is written, whatever the zone of the machine', async () => {
    const { rows } = await database.query("SELECT date '2026-11-22' AS day");
    expect(rows).toEqual([{ day: '2026-11-22' }]);
  });

  it('commits what a transaction returned from and nothing of one that threw', async () => {
    await expect(
      transaction(database, async (inside) => void (await inside.query('INSERT INTO numbers VALUES (1)'))),
    ).resolves.toBeUndefined();
    const failing = transaction(database, async (inside) => {
      await inside.query('INSERT INTO numbers VALUES (2)');
      throw new Error('changed our mind');
    });
    await expect(failing).rejects.toThrow('changed our mind');
    const { rows } = await database.query('SELECT n FROM numbers WHERE n IN (1, 2)');
    expect(rows).toEqual([{ n: 1n }]);
  });

  it('undoes a part of a transaction alone when it throws, and with the whole when that does', async () => {
    const add = (n: bigint, then?: string) => (inside: Queryable) =>
      transaction(within(inside), async (part) => {
        await part.query('INSERT INTO numbers VALUES ($1)', [n]);
        if (then !== undefined) throw new Error(then);
      });
    await transaction(database, async (inside) => {
      await add(101n)(inside);
      await expect(add(102n, 'not this')(inside)).rejects.toThrow('not this');
      // A statement that fails spoils its part, and only that.
      await expect(add(101n)(inside)).rejects.toThrow('duplicate key');
      await transaction(within(inside), (part) => add(103n)(part));
    });
    const failing = transaction(database, async (inside) => {
      await add(104n)(inside);
      throw new Error('nor any of it');
    });
    await expect(failing).rejects.toThrow('nor any of it');
    const { rows } = await database.query('SELECT n FROM numbers WHERE n > 100 AND n < 110 ORDER BY n');
    expect(rows).toEqual([{ n: 101n }, { n: 103n }]);
  });

  it('does not call a transaction committed in which a failure was swallowed', async () => {
    const swallowing = transaction(database, async (inside) => {
      await inside.query('INSERT INTO numbers VALUES (3)');
      await inside.query('SELECT no_such_function()').catch(() => {});
    });
    await expect(swallowing).rejects.toThrow(/rolled back/);
  });

  it('throws, and goes on with a new connection, when the connection is lost in a transaction', async () => {
    const lost = transaction(database, async (inside) => {
      const { rows } = await inside.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      await inside.query('INSERT INTO numbers VALUES (4)');
    });
    await expect(lost).rejects.toThrow();
    await expect(ping(database)).resolves.toBeUndefined();
    const { rows } = await database.query('SELECT n FROM numbers WHERE n = 4');
    expect(rows).toEqual([]);
  });

  it('waits for a lock and for a statement no longer than it may', async () => {
    await transaction(database, async (holder) => {
      await holder.query('LOCK TABLE numbers');
      await expect(database.query('INSERT INTO numbers VALUES (5)')).rejects.toThrow(/lock timeout/);
    });
    const hasty = openDatabase(place.url, { max: 1, statementTimeoutMs: 50 });
    await expect(hasty.query('SELECT pg_sleep(30)')).rejects.toThrow(/statement timeout/);
    await hasty.close();
  });

  it('says what is wrong when nobody listens', async () => {
    const nowhere = openDatabase('postgres://qiao:x@127.0.0.1:1/qiao', { max: 1 });
    await expect(ping(nowhere)).rejects.toThrow(/ECONNREFUSED/);
    await nowhere.close();
    await nowhere.close();
  });
});

describe('the migrations', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-migrations-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('do nothing while there are none', async () => {
    await expect(migrate('postgres://nobody@127.0.0.1:1/none', () => {}, folder)).resolves.toEqual([]);
    await expect(migrate('postgres://nobody@127.0.0.1:1/none', () => {}, join(folder, 'missing'))).resolves.toEqual([]);
  });

  it('run once and in order, also when two processes start at the same time', async () => {
    const empty = await createEmptyDatabase();
    try {
      writeFileSync(join(folder, '0002_b.sql'), 'INSERT INTO a VALUES (2); SELECT pg_sleep(0.1);\n');
      writeFileSync(join(folder, '0001_a.sql'), 'CREATE TABLE a (n int8);\nINSERT INTO a VALUES (1);\n');
      writeFileSync(join(folder, 'README.md'), 'not a migration');
      const applied = await Promise.all([1, 2, 3].map(() => migrate(empty.url, () => {}, folder)));
      expect(applied.flat()).toEqual(['0001_a', '0002_b']);
      const opened = openDatabase(empty.url, { max: 1 });
      await expect(opened.query('SELECT n FROM a').then(({ rows }) => rows)).resolves.toEqual([{ n: 1n }, { n: 2n }]);
      await opened.close();
    } finally {
      await empty.drop();
    }
  });

  it('leave nothing behind when one of them fails', async () => {
    const empty = await createEmptyDatabase();
    try {
      writeFileSync(join(folder, '0003_c.sql'), 'CREATE TABLE c (n int8);\nSELECT no_such_function();\n');
      await expect(migrate(empty.url, () => {}, folder)).rejects.toThrow(/no_such_function/);
      const opened = openDatabase(empty.url, { max: 1 });
      await expect(opened.query("SELECT to_regclass('a') AS a").then(({ rows }) => rows)).resolves.toEqual([
        { a: null },
      ]);
      await opened.close();
    } finally {
      await empty.drop();
    }
  });

  it('of the project itself apply to an empty database, twice', async () => {
    const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await expect(migrate(first.url)).resolves.toEqual([]);
    await Promise.all([first.drop(), second.drop()]);
  });
});
