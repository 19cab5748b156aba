import { encodeLeaf } from '../log/leaf.ts';
import { append, type Edge, HASH_LENGTH, leafHash, rootOf } from '../log/merkle.ts';
import { type Database, type Queryable, transaction } from './database.ts';
import { insertRows } from './rows.ts';
import { leavesFor, type SourceRow } from './tree-sources.ts';

/** What one batch did. */
export interface Sequenced {
  /** Leaves appended. */
  readonly leaves: number;
  /** Rows that were gone before they had a leaf: somebody removed them from the journal. */
  readonly gone: readonly SourceRow[];
}

const NOTHING: Sequenced = { leaves: 0, gone: [] };

/**
 * Appends the rows that wait for a leaf to the tree, at most `most` of them, in one transaction.
 *
 * The head's row is locked meanwhile, so that several gateways take turns: who finds it locked leaves the batch to the
 * other. Rows come in the order in which they were wanted; within a stream that is the stream's own order, as its
 * counter is locked until the commit. A row that commits late comes later, and none is passed over: there is no
 * cursor, only what still waits.
 */
export async function sequence(database: Database, most: number, atMs: number): Promise<Sequenced> {
  return transaction(database, async (connection) => {
    const edge = await lockEdge(connection);
    if (edge === undefined) return NOTHING;
    const wanted = await takeWaiting(connection, most);
    if (wanted.length === 0) return NOTHING;
    const leaves = await leavesFor(connection, wanted);
    const rows = wanted.flatMap(({ source, no }, i) => {
      const of = leaves[i];
      if (of === undefined) return [];
      const leaf = encodeLeaf(of);
      return [{ source, no, leaf, hash: leafHash(leaf) }];
    });
    await appendLeaves(connection, edge, rows, new Date(atMs));
    return { leaves: rows.length, gone: wanted.filter((_, i) => leaves[i] === undefined) };
  });
}

/** Whether anything waits for a leaf. */
export async function isWaiting(connection: Queryable): Promise<boolean> {
  const { rows } = await connection.query<{ waits: boolean }>('select exists (select from leaf_waiting) as waits');
  return rows[0]?.waits === true;
}

/** Rows without a leaf yet. */
export async function countWaiting(connection: Queryable): Promise<bigint> {
  const { rows } = await connection.query<{ count: bigint }>('select count(*) from leaf_waiting');
  return rows[0]!.count;
}

async function lockEdge(connection: Queryable): Promise<Edge | undefined> {
  const { rows } = await connection.query<{ size: bigint; peaks: Buffer }>(
    'select size, peaks from journal_head for update skip locked',
  );
  const head = rows[0];
  if (head === undefined) return undefined;
  const peaks = Array.from({ length: head.peaks.length / HASH_LENGTH }, (_, i) =>
    head.peaks.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH),
  );
  return { size: head.size, peaks };
}

async function takeWaiting(connection: Queryable, most: number): Promise<readonly SourceRow[]> {
  const { rows } = await connection.query<{ wanted: bigint; source: string; no: bigint }>(
    `delete from leaf_waiting w using (select wanted from leaf_waiting order by wanted limit $1) as first
      where w.wanted = first.wanted returning w.wanted, w.source, w.no`,
    [most],
  );
  return rows.sort((a, b) => (a.wanted < b.wanted ? -1 : 1)).map(({ source, no }) => ({ source, no }));
}

async function appendLeaves(
  connection: Queryable,
  edge: Edge,
  rows: readonly (SourceRow & { readonly leaf: Uint8Array; readonly hash: Uint8Array })[],
  at: Date,
): Promise<void> {
  if (rows.length === 0) return;
  const { tree, completed } = append(
    edge,
    rows.map(({ hash }) => hash),
  );
  // None of these waits for another's answer, so they travel together.
  await Promise.all([
    insertRows(
      connection,
      'journal_leaf',
      { idx: 'bigint', leaf: 'bytea', hash: 'bytea', source: 'text', no: 'bigint' },
      rows.map(({ source, no, leaf, hash }, i) => ({ idx: edge.size + BigInt(i), leaf, hash, source, no })),
    ),
    insertRows(
      connection,
      'journal_node',
      { level: 'smallint', idx: 'bigint', hash: 'bytea' },
      completed.map(({ level, index, hash }) => ({ level, idx: index, hash })),
    ),
    connection.query('update journal_head set size = $1, root = $2, peaks = $3, at = $4', [
      tree.size,
      Buffer.from(rootOf(tree)),
      Buffer.concat(tree.peaks),
      at,
    ]),
  ]);
}
