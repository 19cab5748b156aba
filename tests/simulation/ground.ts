import { adapters } from '../../adapters/all.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { adoptShipped, openRules, type Rules } from '../../src/gateway-rulebooks.ts';
import type { Database } from '../../src/journal/database.ts';
import { openDatabase } from '../../src/journal/database.ts';
import { libraryCalendars } from '../../src/rules/calendar.ts';
import { createTestDatabase } from '../support/database.ts';
import { type Keys, simulationKeys } from './keys.ts';
import { type Connections, openConnections, worldClock } from './store.ts';

export const MORNING = Date.parse('2026-03-02T09:30:00+08:00');

/** What all seeds of one process stand on: a database with the rulebooks in it, made new for each. */
export interface Ground {
  readonly connections: Connections;
  readonly keys: Keys;
  readonly rules: Rules;
  /** For whoever looks from outside the world. */
  readonly database: Database;
  /** As it was before anything happened. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const test = await createTestDatabase();
  const keys = simulationKeys();
  const setting = openDatabase(test.url, { max: 2 });
  let last = 0;
  const newId = () => `00000000-0000-4000-8000-${(++last).toString(16).padStart(12, '0')}`;
  await adoptShipped(setting, adapters, { exchanges, seals: keys.seals, newId }, new Date(MORNING));
  const rules = await openRules(setting, exchanges, libraryCalendars);
  await setting.query(worldClock);
  const tables = await keep(setting);
  await setting.close();

  const connections = await openConnections(test.url);
  const { monitor } = connections;
  await monitor.query('set session_replication_role = replica');
  const database: Database = {
    url: '',
    query: (text, values) => monitor.query(text, values as unknown[]),
    connect: () => Promise.reject(new Error('assertion: whoever looks on has no transactions')),
    close: async () => {},
  };
  return {
    connections,
    keys,
    database,
    rules: { ...rules, refresh: async () => {} },
    renew: () => renew(monitor, tables),
    close: async () => {
      await connections.close();
      await test.drop();
    },
  };
}

type Asked = Pick<Database, 'query'>;

/** Copies what is in the tables now; gives the names of all tables. */
async function keep(database: Asked): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
        and relname <> 'migrations' and not relispartition order by relname`,
  );
  const names = rows.map(({ name }) => name);
  await database.query('create schema kept');
  for (const name of names) await database.query(`create table kept.${name} as select * from public.${name}`);
  await database.query(
    `create table kept.counters as select schemaname || '.' || sequencename as name, last_value from pg_sequences
      where schemaname = 'public'`,
  );
  return names;
}

/** Tables are emptied, not their rows deleted: where a row lies must not depend on the seed before. */
async function renew(database: Asked, names: readonly string[]): Promise<void> {
  const filled = names.map((name) => `select '${name}' as name where exists (select from public.${name})`);
  const { rows } = await database.query<{ name: string }>(filled.join(' union all '));
  const touched = rows.map(({ name }) => name);
  if (touched.length > 0) {
    await database.query(
      `truncate ${touched.map((name) => `public.${name}`).join(', ')} restart identity cascade;
       ${touched.map((name) => `insert into public.${name} overriding system value select * from kept.${name};`).join(' ')}`,
    );
  }
  await database.query(
    `select setval(name::regclass, coalesce(last_value, 1), last_value is not null) from kept.counters`,
  );
}
