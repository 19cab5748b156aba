import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Queryable } from './database.ts';
import { Conditions, type Page, pageOf } from './pages.ts';
import { insertRows } from './rows.ts';

/** What somebody did. */
export interface Act {
  /** The account, or what acted in nobody's name. */
  readonly actor: string;
  readonly role: string;
  /** Thing and past participle: `session-opened`, `rulebook-adopted`. */
  readonly act: string;
  /** What it was done to. */
  readonly subject: string;
  /** Plain JSON, small; never a secret. */
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
  readonly at: Date;
}

/**
 * Appends one act to the audit trail, in the transaction of what was done: both stand or neither does.
 *
 * Acts are chained by digest, so they take turns: call it last in the transaction. The bytes are RFC 8785 JSON.
 */
export async function recordAct(connection: Queryable, act: Act): Promise<void> {
  await recordActs(connection, [act]);
}

/** The same for several at once, in the order given, with one statement. */
export async function recordActs(connection: Queryable, acts: readonly Act[]): Promise<void> {
  if (acts.length === 0) return;
  await connection.query('select pg_advisory_xact_lock(20260306)');
  const last = await connection.query<{ bytes: Buffer }>('select bytes from audit order by no desc limit 1');
  let before: Uint8Array | undefined = last.rows[0]?.bytes;
  const rows = acts.map((one) => {
    const bytes = bytesOf(one, before);
    before = bytes;
    const { actor, role, act, subject, at } = one;
    return { bytes, actor, role, act, subject, at };
  });
  const columns = { bytes: 'bytea', actor: 'text', role: 'text', act: 'text', subject: 'text', at: 'timestamptz' };
  await insertRows(connection, 'audit', columns, rows);
}

function bytesOf({ actor, role, act, subject, detail, at }: Act, before: Uint8Array | undefined): Buffer {
  const prev = before === undefined ? null : digestOf(before);
  const text = canonicalize({
    format: 'qiao-act/1',
    prev,
    at: at.toISOString(),
    actor,
    role,
    act,
    subject,
    detail: detail ?? {},
  });
  if (text === undefined) throw new Error('assertion: an act is plain JSON');
  return Buffer.from(text, 'utf8');
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** One line of the audit trail; everything but its number is read from its bytes. */
export interface ActRecord {
  readonly no: bigint;
  readonly bytes: Buffer;
}

export interface ActFilter {
  readonly actor?: string;
  readonly act?: string;
  readonly subject?: string;
}

/** Acts in the order in which they were recorded, after number `afterNo`. */
export async function listActs(
  connection: Queryable,
  filter: ActFilter,
  request: { readonly afterNo?: bigint; readonly limit: number; readonly order: 'oldest' | 'newest' },
): Promise<Page<ActRecord>> {
  const where = new Conditions();
  where.equal('actor', filter.actor);
  where.equal('act', filter.act);
  where.equal('subject', filter.subject);
  const [sign, direction] = request.order === 'oldest' ? ['>', 'asc'] : ['<', 'desc'];
  if (request.afterNo !== undefined) where.add(`no ${sign} ${where.bind(request.afterNo)}`);
  const { rows } = await connection.query<{ no: bigint; bytes: Buffer }>(
    `select no, bytes from audit ${where.text()} order by no ${direction} limit ${where.bind(request.limit + 1)}`,
    where.values,
  );
  return pageOf(rows, request.limit, ({ no }) => ({ at: '', id: no.toString() }));
}

/** Reads the whole chain again; the number of the first act that does not follow from the one before, if any. */
export async function firstBrokenAct(connection: Queryable): Promise<bigint | undefined> {
  let before: Buffer | undefined;
  for (let after = 0n; ; ) {
    const { rows } = await connection.query<{ no: bigint; bytes: Buffer }>(
      'select no, bytes from audit where no > $1 order by no limit 1000',
      [after],
    );
    for (const { no, bytes } of rows) {
      const { prev } = JSON.parse(bytes.toString('utf8')) as { prev: string | null };
      if (prev !== (before === undefined ? null : digestOf(before))) return no;
      before = bytes;
      after = no;
    }
    if (rows.length === 0) return undefined;
  }
}
