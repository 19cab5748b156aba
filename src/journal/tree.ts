import { consistencyParts, inclusionParts, joined, type NodeAt, peaksOf, rootOf } from '../log/merkle.ts';
import type { Queryable } from './database.ts';
import type { LeafSource } from './tree-sources.ts';

export interface TreeHead {
  /** Leaves in the tree. */
  readonly size: bigint;
  readonly root: Uint8Array;
  /** When the last batch was appended, by the gateway's clock; null while the tree is empty. */
  readonly at: Date | null;
}

export interface PlacedLeaf {
  readonly index: bigint;
  /** The record itself, see src/log/leaf.ts. */
  readonly leaf: Uint8Array;
}

/** The tree as it stands. */
export async function headOf(connection: Queryable): Promise<TreeHead> {
  const { rows } = await connection.query<{ size: bigint; root: Buffer; at: Date | null }>(
    'select size, root, at from journal_head',
  );
  return rows[0]!;
}

/** Where the leaf of a row is; undefined while it waits for one. */
export async function leafOf(connection: Queryable, source: LeafSource, no: bigint): Promise<PlacedLeaf | undefined> {
  const { rows } = await connection.query<{ index: bigint; leaf: Buffer }>(
    'select idx as index, leaf from journal_leaf where source = $1 and no = $2',
    [source, no],
  );
  return rows[0];
}

/**
 * The root of the tree as it was with that many leaves, now or then.
 * @throws RangeError when there are not that many
 */
export async function rootAt(connection: Queryable, size: bigint): Promise<Uint8Array> {
  const [peaks] = await hashesOf(connection, [peaksOf(size)]);
  return rootOf({ peaks: peaks ?? [] });
}

/**
 * Hashes that prove the leaf `index` is in the tree of `size` leaves, nearest first; reads O(log size) rows.
 * @throws RangeError when there is no such leaf, or not that many leaves yet
 */
export async function inclusionProof(
  connection: Queryable,
  index: bigint,
  size: bigint,
): Promise<readonly Uint8Array[]> {
  return (await hashesOf(connection, inclusionParts(index, size))).map(joined);
}

/**
 * Hashes that prove the tree of `from` leaves is the beginning of the tree of `to`; reads O(log to) rows.
 * @throws RangeError unless 0 < from ≤ to ≤ leaves there are
 */
export async function consistencyProof(
  connection: Queryable,
  from: bigint,
  to: bigint,
): Promise<readonly Uint8Array[]> {
  return (await hashesOf(connection, consistencyParts(from, to))).map(joined);
}

async function hashesOf(
  connection: Queryable,
  parts: readonly (readonly NodeAt[])[],
): Promise<readonly (readonly Uint8Array[])[]> {
  const asked = parts.flat();
  const { rows } = await connection.query<{ level: number; idx: bigint; hash: Buffer }>(
    `select 0::smallint as level, idx, hash from journal_leaf where idx = any($1::bigint[])
     union all
     select n.level, n.idx, n.hash from unnest($2::smallint[], $3::bigint[]) as t(level, idx)
       join journal_node n using (level, idx)`,
    [
      asked.filter(({ level }) => level === 0).map(({ index }) => index),
      asked.filter(({ level }) => level > 0).map(({ level }) => level),
      asked.filter(({ level }) => level > 0).map(({ index }) => index),
    ],
  );
  const found = new Map(rows.map(({ level, idx, hash }) => [`${level}/${idx}`, hash]));
  return parts.map((part) =>
    part.map(({ level, index }) => {
      const hash = found.get(`${level}/${index}`);
      if (hash === undefined) throw new RangeError(`the log has no subtree ${index} of level ${level}`);
      return hash;
    }),
  );
}
