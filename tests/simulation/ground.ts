import { adapters } from '../../adapters/all.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { adoptShipped, openRules, type Rules } from '../../src/gateway-rulebooks.ts';
import type { Database } from '../../src/journal/database.ts';
import { openDatabase } from '../../src/journal/database.ts';
import { libraryCalendars } from '../../src/rules/calendar.ts';
import { createTestDatabase } from '../support/database.ts';
import { type Connections, openConnections } from './connections.ts';
import { type Keys, simulationKeys } from './keys.ts';
import { ask } from './prepared.ts';

export const MORNING = Date.parse('2026-03-02T09:30:00+08:00');

const SEEDS_BETWEEN_VACUUMS = 200;

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
  await keep(setting);
  await setting.close();

  const connections = await openConnections(test.url);
  const { monitor } = connections;
  let renewals = 0;
  await monitor.query('set session_replication_role = replica');
  const database: Database = {
    url: '',
    query: (text, values = []) => ask(monitor, { text, values }, MORNING),
    connect: () => Promise.reject(new Error('assertion: whoever looks on has no transactions')),
    close: async () => {},
  };
  return {
    connections,
    keys,
    database,
    rules: { ...rules, refresh: async () => {} },
    renew: async () => {
      await monitor.query('select kept.renew()');
      renewals += 1;
      // What was deleted is swept up now and then: many seeds must not be slower than few.
      if (renewals % SEEDS_BETWEEN_VACUUMS === 0) await monitor.query('vacuum');
    },
    close: async () => {
      await connections.close();
      await test.drop();
    },
  };
}

type Asked = Pick<Database, 'query'>;

/**
 * Copies what is in the tables now, and makes the function that puts it back. It deletes rows and truncates nothing:
 * after that every connection would have to plan all its statements anew.
 */
async function keep(database: Asked): Promise<void> {
  const { rows } = await database.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
        and relname <> 'migrations' and not relispartition order by relname`,
  );
  const names = rows.map(({ name }) => name);
  await database.query('create schema kept');
  for (const name of names) await database.query(`create table kept.${name} as select * from public.${name}`);
  await database.query(
    `create table kept.counters as select (schemaname || '.' || sequencename)::regclass as name, last_value
       from pg_sequences where schemaname = 'public'`,
  );
  const again = names.map(
    (name) => `if exists (select from public.${name}) then
        delete from public.${name};
        insert into public.${name} overriding system value select * from kept.${name};
      end if;`,
  );
  await database.query(
    `create function kept.renew() returns void language plpgsql as $$ begin ${again.join(' ')}
       perform setval(name, coalesce(last_value, 1), last_value is not null) from kept.counters;
     end $$`,
  );
}
