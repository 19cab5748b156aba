import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import pg from 'pg';
import { type Database, openDatabase, transaction } from '../../src/journal/database.ts';
import { isWaiting, sequence } from '../../src/journal/sequencer.ts';
import { consistencyProof, headOf, inclusionProof, leafOf, rootAt } from '../../src/journal/tree.ts';
import { decodeLeaf, digestOfParts, isAbout } from '../../src/log/leaf.ts';
import { append, EMPTY_TREE, leafHash, rootOf, verifyConsistency, verifyInclusion } from '../../src/log/merkle.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { keepMessages } from './rows.ts';

const NOW = Date.parse('2026-03-02T10:00:00+08:00');
let place: TestDatabase;
let database: Database;

beforeEach(async () => {
  place = await createTestDatabase();
  database = openDatabase(place.url, { max: 12 });
});
afterEach(async () => {
  await database.close();
  await place.drop();
});

interface Kept {
  readonly idx: bigint;
  readonly leaf: Buffer;
  readonly hash: Buffer;
  readonly source: string;
  readonly no: bigint;
}

const leavesInOrder = async () =>
  (await database.query<Kept & Record<string, unknown>>('select * from journal_leaf order by idx')).rows;

describe('the sequencer', () => {
  it('gives a message a leaf that says what it is, of which bytes, and what is kept beside them', async () => {
    await keepMessages(database, 'ctex:桥-1', 2);
    expect(await sequence(database, 100, NOW)).toEqual({ leaves: 2, gone: [] });
    const { rows } = await database.query('select * from message where seq = 2');
    const row = rows[0]!;
    const placed = (await leafOf(database, 'message', row.no as bigint))!;
    expect(placed.index).toBe(1n);
    const leaf = decodeLeaf(placed.leaf)!;
    expect(leaf).toMatchObject({ type: 'message', sender: 'ctex', stream: 'ctex:桥-1', seq: 2n });
    expect(leaf.atMs).toBe((row.recorded_at as Date).getTime());
    expect(isAbout(leaf, row.envelope as Buffer)).toBe(true);
    const beside = [row.id, row.kind, row.subject, row.native, row.proof, row.received] as (string | Buffer | null)[];
    expect(Buffer.compare(leaf.beside, digestOfParts(beside))).toBe(0);
    const other = (await leafOf(database, 'message', (row.no as bigint) - 1n))!;
    const first = (await database.query('select * from message where seq = 1')).rows[0]!;
    const without = [first.id, first.kind, first.subject, null, null, first.received] as (string | Buffer | null)[];
    expect(Buffer.compare(decodeLeaf(other.leaf)!.beside, digestOfParts(without))).toBe(0);
  });

  it('takes no more than it may at once, and does nothing when nothing waits', async () => {
    await keepMessages(database, 'ctex:1', 5);
    expect((await sequence(database, 3, NOW)).leaves).toBe(3);
    expect(await isWaiting(database)).toBe(true);
    expect((await sequence(database, 3, NOW)).leaves).toBe(2);
    expect(await isWaiting(database)).toBe(false);
    const head = await headOf(database);
    expect(await sequence(database, 3, NOW + 1)).toEqual({ leaves: 0, gone: [] });
    expect(await headOf(database)).toEqual(head);
  });

  it('leaves the batch to the gateway that has the head, and waits for nobody', async () => {
    await keepMessages(database, 'ctex:1', 1);
    await transaction(database, async (holder) => {
      await holder.query('select from journal_head for update');
      expect((await sequence(database, 10, NOW)).leaves).toBe(0);
    });
    expect((await sequence(database, 10, NOW)).leaves).toBe(1);
  });

  it('does not pass over a row that took its number first and committed last', async () => {
    await transaction(database, async (late) => {
      await keepMessages(late, 'ctex:late', 1);
      await keepMessages(database, 'ctex:early', 1);
      expect((await sequence(database, 10, NOW)).leaves).toBe(1);
    });
    expect((await sequence(database, 10, NOW)).leaves).toBe(1);
    expect((await leavesInOrder()).map(({ leaf }) => decodeLeaf(leaf)!.stream)).toEqual(['ctex:early', 'ctex:late']);
  });

  it('says which rows were taken away before they had a leaf, and goes on with the others', async () => {
    await keepMessages(database, 'ctex:1', 3);
    await database.query('alter table message disable trigger message_append_only');
    await database.query('delete from message where seq = 2');
    const { leaves, gone } = await sequence(database, 10, NOW);
    expect(leaves).toBe(2);
    expect(gone).toEqual([{ source: 'message', no: expect.any(BigInt) }]);
  });

  it('killed before any of its statements it has done nothing, and the next one does it all', async () => {
    await keepMessages(database, 'ctex:1', 3);
    let survived = 0;
    for (let statement = 1; survived === 0; statement++) {
      const doomed = openDatabase(place.url, { max: 1 });
      const { leaves } = await sequence(dyingAt(doomed, statement), 10, NOW).catch(() => ({ leaves: 0 }));
      await doomed.close();
      survived = leaves;
      expect((await headOf(database)).size).toBe(BigInt(leaves));
      expect(await leavesInOrder()).toHaveLength(leaves);
      expect(statement).toBeLessThan(20);
    }
    expect(survived).toBe(3);
    expect(await isWaiting(database)).toBe(false);
  });

  it('makes no leaf for a table it does not know, and keeps the row waiting', async () => {
    await database.query(`insert into leaf_waiting (source, no) values ('gossip', 1)`);
    await expect(sequence(database, 10, NOW)).rejects.toThrow(/gossip/);
    expect(await isWaiting(database)).toBe(true);
  });
});

describe('the tree in the database', () => {
  it('proves every leaf at every later size, and every size against every later one', async () => {
    const sizes: bigint[] = [];
    for (const count of [1, 1, 3, 8, 2, 6]) {
      await keepMessages(database, `ctex:${sizes.length}`, count);
      await sequence(database, 100, NOW);
      sizes.push((await headOf(database)).size);
    }
    const leaves = await leavesInOrder();
    const roots = new Map<bigint, Uint8Array>();
    for (let size = 1n; size <= 21n; size++) {
      const naive = append(
        EMPTY_TREE,
        leaves.slice(0, Number(size)).map(({ leaf }) => leafHash(leaf)),
      );
      roots.set(size, rootOf(naive.tree));
      expect(Buffer.compare(await rootAt(database, size), roots.get(size)!)).toBe(0);
    }
    expect(Buffer.compare((await headOf(database)).root, roots.get(21n)!)).toBe(0);
    for (const size of sizes) {
      for (const { idx, leaf } of leaves.slice(0, Number(size))) {
        const proof = await inclusionProof(database, idx, size);
        expect(verifyInclusion(leafHash(leaf), idx, size, proof, roots.get(size)!)).toBe(true);
      }
      for (let from = 1n; from <= size; from++) {
        const proof = await consistencyProof(database, from, size);
        expect(verifyConsistency(from, size, proof, roots.get(from)!, roots.get(size)!)).toBe(true);
      }
    }
  });

  it('refuses to prove what is not there', async () => {
    await keepMessages(database, 'ctex:1', 2);
    expect(await leafOf(database, 'message', 1n)).toBeUndefined();
    await sequence(database, 10, NOW);
    await expect(inclusionProof(database, 2n, 2n)).rejects.toThrow(RangeError);
    await expect(inclusionProof(database, 0n, 3n)).rejects.toThrow(RangeError);
    await expect(consistencyProof(database, 0n, 2n)).rejects.toThrow(RangeError);
    await expect(consistencyProof(database, 2n, 3n)).rejects.toThrow(RangeError);
    await expect(rootAt(database, 4n)).rejects.toThrow(RangeError);
  });

  it('reads fewer than a hundred rows for a proof in a large log', async () => {
    await keepMessages(database, 'ctex:1', 1_500);
    while ((await sequence(database, 400, NOW)).leaves > 0);
    let read = 0;
    const counting = {
      query: (async (text: string, values?: readonly unknown[]) => {
        const result = await database.query(text, values);
        read += result.rows.length;
        return result;
      }) as Database['query'],
    };
    await inclusionProof(counting, 700n, 1_499n);
    await consistencyProof(counting, 1_023n, 1_499n);
    expect(read).toBeLessThan(100);
  });
});

/** A database whose connections are cut off right before their nth statement. */
function dyingAt(whole: Database, statement: number): Database {
  return {
    ...whole,
    connect: async () => {
      const client = await whole.connect();
      let sent = 0;
      const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
      const dying = (...args: readonly unknown[]) => {
        sent += 1;
        if (sent === statement) {
          (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
        }
        return query(...args);
      };
      client.query = dying as typeof client.query;
      return client;
    },
  };
}

/** One writer of a stream: how many rows in each transaction, and whether that is rolled back. */
const writers = fc.array(
  fc.array(fc.record({ rows: fc.integer({ min: 1, max: 5 }), fails: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  { minLength: 1, maxLength: 5 },
);

it('every row committed gets exactly one leaf, in its stream’s order, whoever writes, fails, sequences or is killed', async () => {
  const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };
  await fc.assert(
    fc.asyncProperty(
      writers,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 5 }),
      async (plan, most, kills) => {
        const one = await createTestDatabase();
        const opened = openDatabase(one.url, { max: 12 });
        const killer = new pg.Client({ connectionString: one.url });
        killer.on('error', () => {});
        await killer.connect();
        try {
          await allAtOnce(opened, killer, plan, most, kills);
          await checkEverything(opened);
        } finally {
          await killer.end();
          await opened.close();
          await one.drop();
        }
      },
    ),
    { numRuns: 12, ...seed },
  );
}, 180_000);

async function allAtOnce(
  opened: Database,
  killer: pg.Client,
  plan: readonly (readonly { readonly rows: number; readonly fails: boolean }[])[],
  most: number,
  kills: number,
): Promise<void> {
  let writing = true;
  const sequencers = [0, 1, 2].map(async () => {
    for (let idle = 0; idle < 2; ) {
      const leaves = await sequence(opened, most, NOW).then(
        (done) => done.leaves,
        () => -1,
      );
      idle = leaves === 0 && !writing && !(await isWaiting(opened).catch(() => true)) ? idle + 1 : 0;
      await sleep(0);
    }
  });
  const killing = (async () => {
    for (let i = 0; i < kills; i++) {
      // Whoever is appending at this moment, wherever in the batch it is; a table has the same oid in every copy of the
      // template, so that without its database the sequencer of another suite would be hit.
      await killer.query(
        `select pg_terminate_backend(pid) from pg_locks
          where relation = 'journal_head'::regclass and mode = 'RowShareLock'
            and database = (select oid from pg_database where datname = current_database()) limit 1`,
      );
      await sleep(3);
    }
  })();
  await Promise.all(
    plan.map(async (steps, i) => {
      let seq = 1;
      for (const { rows, fails } of steps) {
        const work = transaction(opened, async (connection) => {
          await keepMessages(connection, `ctex:${i}`, rows, seq);
          await sleep(0);
          if (fails) throw new Error('rolled back');
        });
        await work.then(
          () => {
            seq += rows;
          },
          () => {},
        );
      }
    }),
  );
  writing = false;
  await killing;
  await Promise.all(sequencers);
}

async function checkEverything(opened: Database): Promise<void> {
  const { rows } = await opened.query<{ no: bigint; stream: string; seq: bigint }>(
    'select no, stream, seq from message',
  );
  const leaves = (await opened.query<Kept & Record<string, unknown>>('select * from journal_leaf order by idx')).rows;
  const byNo = (a: bigint, b: bigint) => (a < b ? -1 : 1);
  expect(leaves.map(({ no }) => no).sort(byNo)).toEqual(rows.map(({ no }) => no).sort(byNo));
  expect(leaves.map(({ idx }) => idx)).toEqual(leaves.map((_, i) => BigInt(i)));
  const seqs = new Map<string, bigint>();
  for (const { leaf } of leaves) {
    const { stream, seq } = decodeLeaf(leaf)!;
    expect(seq).toBe((seqs.get(stream) ?? 0n) + 1n);
    seqs.set(stream, seq);
  }
  const { tree } = append(
    EMPTY_TREE,
    leaves.map(({ leaf }) => leafHash(leaf)),
  );
  const head = await headOf(opened);
  expect(head.size).toBe(tree.size);
  expect(Buffer.compare(head.root, rootOf(tree))).toBe(0);
  for (const { idx, hash } of leaves) {
    expect(verifyInclusion(hash, idx, head.size, await inclusionProof(opened, idx, head.size), head.root)).toBe(true);
  }
  expect(await isWaiting(opened)).toBe(false);
}
