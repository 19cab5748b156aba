import { createHash } from 'node:crypto';
import type { LinkMemory, SentMessage } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Database } from './database.ts';
import { insertRows } from './rows.ts';

/** What one link must still know after a crash, in PostgreSQL. */
export function openLinkMemory(database: Database, exchange: Exchange): LinkMemory {
  return {
    get: async (name) => {
      const { rows } = await database.query<{ value: string }>(
        'select value from link_memory where exchange = $1 and name = $2',
        [exchange, name],
      );
      return rows[0]?.value;
    },
    set: async (name, value) => {
      await database.query(
        `insert into link_memory (exchange, name, value) values ($1, $2, $3)
         on conflict (exchange, name) do update set value = excluded.value`,
        [exchange, name, value],
      );
    },
    // A block that was reserved and not used up is skipped after a crash: numbers are never given twice.
    reserve: async (name, count) => {
      const { rows } = await database.query<{ value: string }>(
        `insert into link_memory (exchange, name, value) values ($1, $2, ($3::bigint + 1)::text)
         on conflict (exchange, name) do update set value = (link_memory.value::bigint + $3::bigint)::text
         returning value`,
        [exchange, name, count],
      );
      return Number(rows[0]!.value) - count;
    },
    keepSent: async (messages) => {
      await insertRows(
        database,
        'link_sent',
        { exchange: 'text', seq: 'bigint', bytes: 'bytea' },
        messages.map(({ seq, bytes }) => ({ exchange, seq, bytes: Buffer.from(bytes) })),
        'on conflict (exchange, seq) do update set bytes = excluded.bytes',
      );
    },
    keepWhole: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest();
      await database.query(
        'insert into native_whole (exchange, sha256, bytes) values ($1, $2, $3) on conflict do nothing',
        [exchange, sha256, Buffer.from(bytes)],
      );
    },
    sentBetween: async (from, to) => {
      const { rows } = await database.query<{ seq: bigint; bytes: Buffer }>(
        'select seq, bytes from link_sent where exchange = $1 and seq between $2 and $3 order by seq limit 10000',
        [exchange, from, to],
      );
      return rows.map(({ seq, bytes }): SentMessage => ({ seq: Number(seq), bytes }));
    },
  };
}
