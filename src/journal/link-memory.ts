import { createHash } from 'node:crypto';
import type { LinkMemory, SentMessage } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Database } from './database.ts';
import { type Term, TermOver } from './ownership.ts';

/**
 * What one link must still know after a crash, in PostgreSQL. With a term, what it changes is changed under that term or
 * not at all: a gateway that slept through the end of its own cannot move what the next one goes on from.
 */
export function openLinkMemory(database: Database, exchange: Exchange, term?: Term): LinkMemory {
  // The share lock holds a change of hands back until what is written under this term is there to be read.
  const [source, guard] =
    term === undefined
      ? ['(select) as free', []]
      : ['(select from link_owner where exchange = $1 and token = $4 for share) as held', [term.token]];
  const written = async <Row extends object>(text: string, values: readonly unknown[]): Promise<Row> => {
    const { rows } = await database.query<Row & Record<string, unknown>>(text, [exchange, ...values, ...guard]);
    if (rows[0] === undefined) throw new TermOver(term!);
    return rows[0];
  };
  return {
    get: async (name) => {
      const { rows } = await database.query<{ value: string }>(
        'select value from link_memory where exchange = $1 and name = $2',
        [exchange, name],
      );
      return rows[0]?.value;
    },
    set: async (name, value) => {
      await written(
        `insert into link_memory (exchange, name, value) select $1, $2, $3 from ${source}
         on conflict (exchange, name) do update set value = excluded.value returning name`,
        [name, value],
      );
    },
    // A block that was reserved and not used up is skipped after a crash: numbers are never given twice.
    reserve: async (name, count) => {
      const { value } = await written<{ value: string }>(
        `insert into link_memory (exchange, name, value) select $1, $2, ($3::bigint + 1)::text from ${source}
         on conflict (exchange, name) do update set value = (link_memory.value::bigint + $3::bigint)::text
         returning value`,
        [name, count],
      );
      return Number(value) - count;
    },
    keepSent: async (messages) => {
      if (messages.length === 0) return;
      await written(
        `insert into link_sent (exchange, seq, bytes)
         select $1, t.seq, t.bytes from ${source}, unnest($2::bigint[], $3::bytea[]) as t(seq, bytes)
         on conflict (exchange, seq) do update set bytes = excluded.bytes returning seq`,
        [messages.map(({ seq }) => seq), messages.map(({ bytes }) => Buffer.from(bytes))],
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
