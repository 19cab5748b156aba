import { type Leaf, type LeafType, leafOfBytes } from '../log/leaf.ts';
import type { Queryable } from './database.ts';
import { unescaped } from './escaped.ts';

/** The tables whose rows become leaves, and what such a leaf says it is about. See keep_in_log() in 0003_log.sql. */
const TYPES = {
  message: 'message',
  receipt: 'receipt',
  trust_version: 'trust',
  audit: 'audit',
} as const satisfies Record<string, LeafType>;

export type LeafSource = keyof typeof TYPES;

/** One row of a source. */
export interface SourceRow {
  readonly source: string;
  readonly no: bigint;
}

export const leafSources = Object.keys(TYPES) as readonly LeafSource[];

/** Rows read at once: a row may be as large as a day-end book, and only its digests are kept. */
const AT_ONCE = 64;

interface Row {
  readonly no: bigint;
  readonly stream: string;
  readonly seq: bigint;
  readonly sender: string;
  readonly atMs: bigint;
  readonly text: string;
  readonly beside: Buffer | null;
}

/**
 * What the leaves of these rows must be, in the order given; undefined where the row is not there (any more).
 * @throws Error for a source this program does not know: its leaves would be made up
 */
export async function leavesFor(
  connection: Queryable,
  wanted: readonly SourceRow[],
): Promise<readonly (Leaf | undefined)[]> {
  const found = new Map<string, Leaf>();
  for (const source of new Set(wanted.map((one) => one.source))) {
    if (!isLeafSource(source)) throw new Error(`no leaf can be made for the table ${source}: this program is too old`);
    const numbers = wanted.filter((one) => one.source === source).map(({ no }) => no);
    for (let at = 0; at < numbers.length; at += AT_ONCE) {
      const { rows } = await connection.query<Row & Record<string, unknown>>(
        `select no, coalesce(stream, '') as stream, coalesce(seq, 0) as seq, sender,
                floor(extract(epoch from at) * 1000)::bigint as "atMs",
                encode(bytes, 'escape') as text, beside
           from leaf_${source} where no = any($1::bigint[])`,
        [numbers.slice(at, at + AT_ONCE)],
      );
      const type = TYPES[source];
      for (const { no, stream, seq, sender, atMs, text, beside } of rows) {
        const of = { type, sender, stream, seq, atMs: Number(atMs), beside };
        found.set(`${source} ${no}`, leafOfBytes(unescaped(text), of));
      }
    }
  }
  return wanted.map(({ source, no }) => found.get(`${source} ${no}`));
}

function isLeafSource(source: string): source is LeafSource {
  return Object.hasOwn(TYPES, source);
}
