import { isAway, isLost, requireLasting } from '../../src/journal/away.ts';
import { type Database, openDatabase, ping, transaction } from '../../src/journal/database.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';

let place: TestDatabase;
let database: Database;
beforeEach(async () => {
  place = await createEmptyDatabase();
  database = openDatabase(place.url, { max: 1 });
});
afterEach(async () => {
  await database.close();
  await place.drop();
});

/** What every new session of that database begins with, as an operator or a tool for failover sets it. */
async function setForAll(setting: string): Promise<void> {
  const name = new URL(place.url).pathname.slice(1);
  const admin = openDatabase(place.url.replace(name, 'postgres'), { max: 1 });
  await admin.query(`alter database ${name} set ${setting}`);
  await admin.close();
}

const failureOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined).catch((error) => error);

describe('a server that has become read-only behind a connection', () => {
  it('is away and no refusal; its connection goes to nobody else', async () => {
    await database.query('create table t (n int)');
    await database.query(`select set_config('default_transaction_read_only', 'on', false)`);
    await expect(ping(database)).rejects.toThrow(/read-only/);
    const error = await failureOf(transaction(database, (inside) => inside.query('insert into t values (1)')));
    expect(error).toMatchObject({ code: '25006' });
    expect(isAway(error)).toBe(true);
    await transaction(database, (inside) => inside.query('insert into t values (2)'));
    expect((await database.query('select n from t')).rows).toEqual([{ n: 2 }]);
  });

  it('gets no new connection into the pool, and one as soon as it can be written to', async () => {
    await setForAll('default_transaction_read_only = on');
    const error = await failureOf(ping(database));
    expect(error).toMatchObject({ code: '25006' });
    expect([isAway(error), isLost(error)]).toEqual([true, true]);
    await setForAll('default_transaction_read_only = off');
    await expect(ping(database)).resolves.toBeUndefined();
  });
});

describe('commits that do not last', () => {
  it.each(['off', 'local', 'remote_write'])('are never ours, though synchronous_commit is %s there', async (level) => {
    await setForAll(`synchronous_commit = ${level}`);
    const { rows } = await database.query(`select current_setting('synchronous_commit') as level`);
    expect(rows).toEqual([{ level: 'on' }]);
  });

  it('keep a connection out of the pool where our own setting did not arrive', async () => {
    const client = await database.connect();
    try {
      await expect(requireLasting(client)).resolves.toBeUndefined();
      await client.query('set synchronous_commit = local');
      const error = await failureOf(requireLasting(client));
      expect([String(error), isAway(error)]).toEqual([expect.stringContaining('synchronous_commit is local'), true]);
    } finally {
      client.release(true);
    }
  });
});

describe('what PostgreSQL says when it ends a connection', () => {
  it('is the database away: ended by an administrator, cannot connect now', async () => {
    const killed = await failureOf(database.query('select pg_terminate_backend(pg_backend_pid())'));
    expect([isAway(killed), isLost(killed)]).toEqual([true, true]);
    for (const code of ['57P01', '57P02', '57P03']) expect(isAway({ code, severity: 'FATAL' })).toBe(true);
    await expect(ping(database)).resolves.toBeUndefined();
  });

  it('is not the database away when a statement of ours is wrong; the connection is kept', async () => {
    const error = await failureOf(database.query('select 1 / 0'));
    expect([isAway(error), isLost(error)]).toEqual([false, false]);
    const pidIn = () => database.query<{ pid: number }>('select pg_backend_pid() as pid');
    const before = (await pidIn()).rows[0]!.pid;
    await failureOf(transaction(database, (inside) => inside.query('select 1 / 0')));
    expect((await pidIn()).rows[0]!.pid).toBe(before);
  });
});
