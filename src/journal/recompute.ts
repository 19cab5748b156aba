import { encodeLeaf } from '../log/leaf.ts';
import { append, type Edge, EMPTY_TREE, leafHash, rootOf } from '../log/merkle.ts';
import type { Database } from './database.ts';
import { type Alarm, Alarms, alarm } from './recompute-alarms.ts';
import { openGuards } from './roles.ts';
import { headOf } from './tree.ts';
import { leafSources, leavesFor, type SourceRow } from './tree-sources.ts';

export interface RecomputationParts {
  readonly database: Database;
  /** Leaves (or rows) looked at in one step: what one step costs, whatever the size of the log. */
  readonly slice: number;
  /** Heads known from elsewhere, e.g. signed checkpoints: the log must still pass through them. */
  known?(): Promise<readonly KnownHead[]>;
  nowMs(): number;
  /** Each contradiction once, when it is first found. */
  onAlarm(found: Alarm): void;
  onCycle(cycle: Cycle): void;
}

export interface KnownHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** One look at the whole log, from its first leaf to the last there was when it began. */
export interface Cycle {
  readonly size: bigint;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Of that the time spent on it; the rest is waiting between steps. */
  readonly workedMs: number;
  readonly alarms: number;
}

export interface Recomputation {
  /** Looks at the next slice; gives whether that was the end of a cycle. */
  step(): Promise<boolean>;
  /** Keeps a contradiction that somebody else found, for as long as the process lives. */
  report(found: Alarm): void;
  /** What the cycle under way and the last whole one have found, and what was reported. */
  alarms(): { readonly count: number; readonly first: readonly Alarm[] };
  lastCycle(): Cycle | undefined;
  /** Leaves looked at in the cycle under way. */
  progress(): bigint;
}

interface Running {
  readonly startedAtMs: number;
  readonly head: KnownHead;
  /** Heads the tree must pass through on its way, smallest first. */
  readonly known: KnownHead[];
  readonly alarms: Alarms;
  tree: Edge;
  workedMs: number;
  /** Once the leaves are done: up to which row each source has been looked through. */
  rows: { readonly source: string; readonly last: bigint; at: bigint }[] | undefined;
}

const MOST_KNOWN = 1_000;

/**
 * Reads the whole log again and again, slice by slice, and makes everything anew from the rows themselves: leaves from
 * the bytes they are about, hashes from the leaves, subtrees and root from the hashes. A row that was edited, a leaf, a
 * node or a root that was, a row without a leaf and a guard that is down are found within one cycle. What is found is
 * said, never repaired.
 *
 * The heads of earlier cycles are remembered, so that a history rewritten as a whole while this process lives is found
 * too; before that, it is what the witnesses are for.
 */
export function openRecomputation(parts: RecomputationParts): Recomputation {
  const { database, slice } = parts;
  const reported = new Alarms();
  const seen: KnownHead[] = [];
  let last: { readonly cycle: Cycle; readonly alarms: Alarms } | undefined;
  let running: Running | undefined;

  const tell = (cycle: Running, found: Alarm) => {
    if (!cycle.alarms.has(found) && last?.alarms.has(found) !== true) parts.onAlarm(found);
    cycle.alarms.add(found);
  };

  const begin = async (): Promise<Running> => {
    const head = await headOf(database);
    const known = [...seen, ...((await parts.known?.()) ?? []), head];
    const cycle: Running = {
      startedAtMs: parts.nowMs(),
      head,
      known: known.filter(({ size }) => size > 0n && size <= head.size).sort((a, b) => (a.size < b.size ? -1 : 1)),
      alarms: new Alarms(),
      tree: EMPTY_TREE,
      workedMs: 0,
      rows: undefined,
    };
    for (const { table, guard } of await openGuards(database)) tell(cycle, alarm('guard-open', `${table} ${guard}`));
    for (const { size } of known) {
      if (size > head.size) tell(cycle, alarm('history-rewritten', `size ${size}`));
    }
    return cycle;
  };

  const lookAtLeaves = async (cycle: Running): Promise<void> => {
    const from = cycle.tree.size;
    // Never past a known head: its root is compared when the tree is exactly that large.
    const next = cycle.known.find(({ size }) => size > from)?.size ?? cycle.head.size;
    const to = from + BigInt(slice) < next ? from + BigInt(slice) : next;
    const { rows } = await database.query<Kept & Record<string, unknown>>(
      'select idx, leaf, hash, source, no from journal_leaf where idx >= $1 and idx < $2 order by idx',
      [from, to],
    );
    const kept = new Map(rows.map((row) => [row.idx, row]));
    const expected = new Map((await leavesFor(database, rows)).map((leaf, i) => [rows[i]!.idx, leaf]));
    const hashes: Uint8Array[] = [];
    for (let idx = from; idx < to; idx++) {
      const row = kept.get(idx);
      if (row === undefined) tell(cycle, alarm('leaf-missing', `leaf ${idx}`));
      const hash = leafHash(row?.leaf ?? new Uint8Array());
      hashes.push(hash);
      if (row === undefined) continue;
      if (!isSame(hash, row.hash)) tell(cycle, alarm('leaf-altered', `leaf ${idx}`));
      const leaf = expected.get(idx);
      if (leaf === undefined) tell(cycle, alarm('row-missing', `${row.source} ${row.no}`));
      else if (!isSame(encodeLeaf(leaf), row.leaf)) tell(cycle, alarm('row-altered', `${row.source} ${row.no}`));
    }
    const { tree, completed } = append(cycle.tree, hashes);
    const { rows: nodes } = await database.query<{ level: number; idx: bigint; hash: Buffer }>(
      `select n.level, n.idx, n.hash from unnest($1::smallint[], $2::bigint[]) as t(level, idx)
         join journal_node n using (level, idx)`,
      [completed.map(({ level }) => level), completed.map(({ index }) => index)],
    );
    const keptNodes = new Map(nodes.map(({ level, idx, hash }) => [`${level}/${idx}`, hash]));
    for (const { level, index, hash } of completed) {
      const node = keptNodes.get(`${level}/${index}`);
      if (node === undefined || !isSame(node, hash)) tell(cycle, alarm('node-altered', `node ${level}/${index}`));
    }
    cycle.tree = tree;
    for (const { size, root } of cycle.known) {
      if (size !== to || isSame(root, rootOf(tree))) continue;
      tell(cycle, alarm(root === cycle.head.root ? 'root-altered' : 'history-rewritten', `size ${size}`));
    }
  };

  /** Every row there was when this began has a leaf or waits for one. Gives whether all have been looked at. */
  const lookAtRows = async (cycle: Running): Promise<boolean> => {
    cycle.rows ??= await lastRows(database);
    const source = cycle.rows.find(({ at, last }) => at < last);
    if (source === undefined) return true;
    const to = source.at + BigInt(slice * ROWS_FOR_A_LEAF);
    const { rows } = await database.query<{ no: bigint }>(
      `select no from ${source.source} r where no > $2 and no <= $3
          and not exists (select from journal_leaf l where l.source = $1 and l.no = r.no)
          and not exists (select from leaf_waiting w where w.source = $1 and w.no = r.no) order by no`,
      [source.source, source.at, to],
    );
    for (const { no } of rows) tell(cycle, alarm('leaf-missing', `${source.source} ${no}`));
    source.at = to;
    return false;
  };

  const end = (cycle: Running): void => {
    const { startedAtMs, head, workedMs, alarms } = cycle;
    const ended = { size: head.size, startedAtMs, endedAtMs: parts.nowMs(), workedMs, alarms: alarms.count };
    last = { cycle: ended, alarms };
    // Of a log with alarms nothing is remembered: it would be held against it once it is put right.
    if (alarms.count === 0 && head.size > 0n && seen.at(-1)?.size !== head.size) seen.push(head);
    if (seen.length > MOST_KNOWN) seen.splice(1, 1);
    running = undefined;
    parts.onCycle(ended);
  };

  return {
    step: async () => {
      const began = performance.now();
      running ??= await begin();
      const cycle = running;
      const leavesDone = cycle.tree.size === cycle.head.size;
      if (!leavesDone) await lookAtLeaves(cycle);
      const done = leavesDone && (await lookAtRows(cycle));
      cycle.workedMs += performance.now() - began;
      if (done) end(cycle);
      return done;
    },
    report: (found) => {
      if (!reported.has(found)) parts.onAlarm(found);
      reported.add(found);
    },
    alarms: () => {
      const all = new Alarms();
      const found = [reported, last?.alarms, running?.alarms].flatMap((one) => one ?? []);
      for (const one of found.flatMap(({ list }) => list)) all.add(one);
      return { count: Math.max(all.count, ...found.map(({ count }) => count)), first: all.list };
    },
    lastCycle: () => last?.cycle,
    progress: () => running?.tree.size ?? 0n,
  };
}

/** Looking for a row's leaf costs that much less than making it anew. */
const ROWS_FOR_A_LEAF = 8;

interface Kept extends SourceRow {
  readonly idx: bigint;
  readonly leaf: Buffer;
  readonly hash: Buffer;
}

async function lastRows(database: Database): Promise<{ source: string; last: bigint; at: bigint }[]> {
  const made = await database.query<{ source: string }>(
    'select source from unnest($1::text[]) as source where to_regclass(source) is not null',
    [leafSources],
  );
  const found = [];
  for (const { source } of made.rows) {
    const { rows } = await database.query<{ last: bigint | null }>(`select max(no) as last from ${source}`);
    found.push({ source, last: rows[0]?.last ?? 0n, at: 0n });
  }
  return found;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
