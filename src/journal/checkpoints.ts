/** Checkpoints the gateway has signed, and what the witnesses said of them (0007_witnesses.sql). */

import type { Queryable } from './database.ts';

export interface SignedCheckpoint {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** The signed note: text and the gateway's own lines. */
  readonly note: Uint8Array;
  readonly signedAt: Date;
}

export interface KeptCosignature {
  /** The exchange whose witness it is. */
  readonly witness: string;
  /** The note's signature line, with its line break. */
  readonly line: string;
  readonly saidAt: Date;
  readonly receivedAt: Date;
}

/** A checkpoint with as many of its witnesses as have spoken, ready to be verified by anybody. */
export interface CosignedCheckpoint extends SignedCheckpoint {
  /** The note with the witnesses' lines behind the gateway's. */
  readonly cosigned: Uint8Array;
  /** When the last witness needed for the quorum was heard, the latest time that it was so. */
  readonly confirmedAt: Date;
}

export interface WitnessRefusal {
  readonly witness: string;
  /** `fork`: it cosigned another tree than ours; `rollback`: it cosigned a larger one than we ever signed. */
  readonly kind: 'fork' | 'rollback';
  /** Of our checkpoint. */
  readonly size: bigint;
  readonly witnessSize: bigint | undefined;
  readonly refusedAt: Date;
}

/** How many of which witnesses make a checkpoint final. */
export interface Quorum {
  readonly witnesses: readonly string[];
  readonly needed: number;
}

const COLUMNS = 'size, root, note, signed_at as "signedAt"';

export async function latestCheckpoint(connection: Queryable): Promise<SignedCheckpoint | undefined> {
  const { rows } = await connection.query<SignedCheckpoint & Record<string, unknown>>(
    `select ${COLUMNS} from checkpoint order by size desc limit 1`,
  );
  return rows[0];
}

/** When the log was first put before the witnesses. */
export async function firstCheckpointAt(connection: Queryable): Promise<Date | undefined> {
  const { rows } = await connection.query<{ at: Date }>('select signed_at as at from checkpoint order by size limit 1');
  return rows[0]?.at;
}

/** False when there is one of that size already: the first stays. */
export async function addCheckpoint(connection: Queryable, checkpoint: SignedCheckpoint): Promise<boolean> {
  const { size, root, note, signedAt } = checkpoint;
  const { rowCount } = await connection.query(
    `insert into checkpoint (size, root, note, signed_at) values ($1, $2, $3, $4) on conflict (size) do nothing`,
    [size, root, note, signedAt],
  );
  return rowCount === 1;
}

/** A later word of the same witness on the same checkpoint replaces the earlier one. */
export async function keepCosignature(connection: Queryable, size: bigint, said: KeptCosignature): Promise<void> {
  await connection.query(
    `insert into cosignature (size, witness, line, said_at, received_at) values ($1, $2, $3, $4, $5)
     on conflict (size, witness) do update set line = excluded.line, said_at = excluded.said_at,
       received_at = greatest(cosignature.received_at, excluded.received_at)`,
    [size, said.witness, said.line, said.saidAt, said.receivedAt],
  );
}

/** The largest checkpoint that this witness cosigned, and when it last said so. */
export async function lastCosigned(
  connection: Queryable,
  witness: string,
): Promise<{ readonly size: bigint; readonly receivedAt: Date } | undefined> {
  const { rows } = await connection.query<{ size: bigint; receivedAt: Date }>(
    `select size, received_at as "receivedAt" from cosignature where witness = $1 order by size desc limit 1`,
    [witness],
  );
  return rows[0];
}

/** The newest final checkpoint. */
export async function lastFinal(connection: Queryable, quorum: Quorum): Promise<CosignedCheckpoint | undefined> {
  return finalOf(connection, quorum, 0n, 'desc');
}

/** The first final checkpoint of a tree that holds the leaf at that index. */
export async function finalHolding(
  connection: Queryable,
  quorum: Quorum,
  index: bigint,
): Promise<CosignedCheckpoint | undefined> {
  return finalOf(connection, quorum, index + 1n, 'asc');
}

async function finalOf(
  connection: Queryable,
  { witnesses, needed }: Quorum,
  from: bigint,
  order: 'asc' | 'desc',
): Promise<CosignedCheckpoint | undefined> {
  const { rows } = await connection.query<SignedCheckpoint & { lines: string; confirmedAt: Date }>(
    `select ${COLUMNS}, lines, "confirmedAt" from (
       select size, string_agg(line, '' order by witness) as lines,
              (array_agg(received_at order by received_at desc))[$2] as "confirmedAt"
         from cosignature where witness = any($1) and size >= $3
         group by size having count(*) >= $2 order by size ${order} limit 1
     ) as quorate join checkpoint using (size)`,
    [witnesses, needed, from],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { lines, ...checkpoint } = row;
  return { ...checkpoint, cosigned: Buffer.concat([checkpoint.note, Buffer.from(lines, 'utf8')]) };
}

/** False when the same was refused by the same witness before. */
export async function keepRefusal(connection: Queryable, refusal: WitnessRefusal): Promise<boolean> {
  const { witness, kind, size, witnessSize, refusedAt } = refusal;
  const { rowCount } = await connection.query(
    `insert into witness_refusal (witness, kind, size, witness_size, refused_at) values ($1, $2, $3, $4, $5)
     on conflict (witness, kind, size) do nothing`,
    [witness, kind, size, witnessSize ?? null, refusedAt],
  );
  return rowCount === 1;
}
