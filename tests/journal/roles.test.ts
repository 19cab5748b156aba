import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { GATEWAY_ROLE, openGuards } from '../../src/journal/roles.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import { headOf } from '../../src/journal/tree.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { keepMessages } from './rows.ts';

let place: TestDatabase;
let owner: Database;
let gateway: Database;

beforeEach(async () => {
  place = await createTestDatabase();
  owner = openDatabase(place.url, { max: 2 });
  gateway = openDatabase(place.url, { max: 2, role: GATEWAY_ROLE });
  await keepMessages(gateway, 'ctex:1', 3);
  await sequence(gateway, 10, 0);
});
afterEach(async () => {
  await gateway.close();
  await owner.close();
  await place.drop();
});

const JOURNAL = ['message', 'journal_leaf', 'journal_node'];

describe('the role the gateway works under', () => {
  it('is taken from the first statement on, also where the address has options of its own', async () => {
    const url = new URL(place.url);
    url.searchParams.set('options', '-c lock_timeout=7s');
    const opened = openDatabase(url.href, { max: 1, role: GATEWAY_ROLE });
    const { rows } = await opened.query(
      `select current_user::text as role, current_setting('lock_timeout') as timeout`,
    );
    // The pool's own limit is set after the address's.
    expect(rows[0]).toMatchObject({ role: GATEWAY_ROLE });
    await opened.close();
  });

  it('appends to the journal and its tree, and can neither change, remove nor empty what is there', async () => {
    expect((await headOf(gateway)).size).toBe(3n);
    for (const table of JOURNAL) {
      // `no` is generated always, which is refused for a reason of its own.
      const column = (await owner.query(`select * from ${table} limit 1`)).fields.at(-1);
      for (const statement of [
        `update ${table} set ${column!.name} = ${column!.name}`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
        `alter table ${table} disable trigger all`,
        `drop table ${table} cascade`,
        `set session_replication_role = replica`,
      ]) {
        await expect(gateway.query(statement)).rejects.toMatchObject({ code: '42501' });
      }
    }
    await expect(gateway.query(`update leaf_message set stream = 'x'`)).rejects.toMatchObject({ code: '42501' });
    await expect(gateway.query('delete from journal_head')).rejects.toMatchObject({ code: '42501' });
    await expect(gateway.query('delete from migrations')).rejects.toMatchObject({ code: '42501' });
  });

  it('finds every guard in place', async () => {
    await expect(openGuards(gateway)).resolves.toEqual([]);
  });

  it('also as a login of its own that owns nothing, once the owner has migrated', async () => {
    const login = `qiao_login_${randomBytes(6).toString('hex')}`;
    await owner.query(`create role ${login} login password 'p' in role ${GATEWAY_ROLE}`);
    const url = new URL(place.url);
    url.username = login;
    url.password = 'p';
    await expect(migrate(url.href)).resolves.toEqual([]);
    const opened = openDatabase(url.href, { max: 1, role: GATEWAY_ROLE });
    await keepMessages(opened, 'ctex:2', 2);
    expect((await sequence(opened, 10, 0)).leaves).toBe(2);
    await expect(opened.query('reset role; delete from message')).rejects.toMatchObject({ code: '42501' });
    await opened.close();
    await owner.query(`drop role ${login}`);
  });
});

describe('the guards', () => {
  it('stop the owner of the tables, too, unless they are taken down', async () => {
    for (const table of JOURNAL) {
      await expect(owner.query(`delete from ${table}`)).rejects.toThrow(/append-only/);
      await expect(owner.query(`truncate ${table} cascade`)).rejects.toThrow(/append-only/);
    }
    await expect(owner.query('update journal_head set size = size - 1')).rejects.toThrow(/only grows/);
    await expect(owner.query(`update journal_head set root = '\\x00'`)).rejects.toThrow(/only grows/);
  });

  it('are missed when somebody takes them down', async () => {
    await owner.query('alter table message disable trigger message_append_only');
    await owner.query('alter table journal_leaf disable trigger journal_leaf_no_truncate');
    await owner.query('drop trigger message_leaf on message');
    await owner.query(`grant update on journal_node to ${GATEWAY_ROLE}`);
    expect(await openGuards(gateway)).toEqual([
      { table: 'journal_leaf', guard: 'trigger' },
      { table: 'journal_node', guard: 'privilege' },
      { table: 'message', guard: 'leaf' },
      { table: 'message', guard: 'trigger' },
    ]);
  });

  it('hold for no role that owns the tables: the gateway must not work under that', async () => {
    const open = await openGuards(owner);
    expect(open.filter(({ guard }) => guard === 'privilege').map(({ table }) => table)).toEqual(
      expect.arrayContaining(JOURNAL),
    );
    expect(open.filter(({ guard }) => guard !== 'privilege')).toEqual([]);
  });
});
