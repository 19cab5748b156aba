import type { Queryable } from './database.ts';

/** Where a stream stands: the number and the digest (hex) of its last envelope. */
export interface Head {
  seq: number;
  digest: string | null;
}

/** Streams locked by this transaction. `head` is advanced by whoever writes the next envelope of it. */
export interface Streams {
  head(issuer: string, name: string): Head;
}

const nameOf = (issuer: string, name: string) => `${issuer}\n${name}`;

/**
 * Locks the counter rows of streams until the transaction ends, making those that are new.
 *
 * The row's lock orders the writers and its counter is gap-free: an identity column would be neither, because a
 * number drawn first may be committed last.
 */
export async function lockStreams(
  connection: Queryable,
  wanted: readonly { readonly issuer: string; readonly name: string }[],
): Promise<Streams> {
  const distinct = [...new Map(wanted.map((stream) => [nameOf(stream.issuer, stream.name), stream])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, stream]) => stream);
  const heads = new Map<string, Head>();
  if (distinct.length > 0) {
    const { rows } = await connection.query<{ issuer: string; name: string; seq: bigint; head: Buffer | null }>(
      `insert into stream (issuer, name, seq)
       select issuer, name, 0 from unnest($1::text[], $2::text[]) as t(issuer, name)
       on conflict (issuer, name) do update set seq = stream.seq
       returning issuer, name, seq, head`,
      [distinct.map(({ issuer }) => issuer), distinct.map(({ name }) => name)],
    );
    for (const { issuer, name, seq, head } of rows) {
      heads.set(nameOf(issuer, name), { seq: Number(seq), digest: head === null ? null : head.toString('hex') });
    }
  }
  return {
    head: (issuer, name) => {
      const head = heads.get(nameOf(issuer, name));
      if (head === undefined) throw new Error(`assertion: stream ${issuer} ${name} was not locked`);
      return head;
    },
  };
}

/** Writes the heads back, once for each stream. */
export async function saveHeads(
  connection: Queryable,
  advanced: readonly { readonly issuer: string; readonly name: string; readonly head: Head }[],
): Promise<void> {
  if (advanced.length === 0) return;
  const distinct = [...new Map(advanced.map((stream) => [nameOf(stream.issuer, stream.name), stream])).values()];
  await connection.query(
    `update stream set seq = t.seq, head = t.head
       from unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) as t(issuer, name, seq, head)
      where stream.issuer = t.issuer and stream.name = t.name`,
    [
      distinct.map(({ issuer }) => issuer),
      distinct.map(({ name }) => name),
      distinct.map(({ head }) => head.seq),
      distinct.map(({ head }) => Buffer.from(head.digest ?? '', 'hex')),
    ],
  );
}
