import { recordAct } from '../journal/audit.ts';
import type { Queryable } from '../journal/database.ts';
import { type Blocker, type Cycle, type CycleState, comparable, readCycle, type Taker } from './cycle.ts';
import { recordEvent } from './cycle-events.ts';

/** What a step came to, beside the state reached. */
export interface Reached {
  readonly to: CycleState;
  /** Counts and digests, for people and the report of the day. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly cut?: bigint;
  readonly run?: string;
}

/** Opens a day; false where it was open already. */
export async function openCycle(connection: Queryable, cycle: string, by: Taker, at: Date): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into clearing_cycle (cycle, state, opened_at, changed_at) values ($1, 'open', $2, $2) on conflict do nothing`,
    [cycle, at],
  );
  if (rowCount !== 1) return false;
  await noteStep(connection, { cycle, version: 1 }, { to: 'open', detail: {} }, by, at);
  return true;
}

/**
 * Takes one step from the state in which `cycle` was read; false where another took it meanwhile, and then nothing was
 * changed. With it stand its line of the checklist, of the audit trail, and what is told.
 */
export async function moveCycle(
  connection: Queryable,
  cycle: Cycle,
  reached: Reached,
  by: Taker,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update clearing_cycle set state = $3, cut = coalesce($4, cut), run = coalesce($5, run), blocked = '[]', changed_at = $6
      where cycle = $1 and state = $2 and version = $7`,
    [cycle.cycle, cycle.state, reached.to, reached.cut ?? null, reached.run ?? null, at, cycle.version],
  );
  if (rowCount !== 1) return false;
  await noteStep(connection, cycle, reached, by, at);
  return true;
}

/** Says what is in the way; told only when it is something else than before. */
export async function blockCycle(
  connection: Queryable,
  { cycle, state, version, blocked }: Cycle,
  blockers: readonly Blocker[],
  at: Date,
): Promise<void> {
  if (JSON.stringify(blocked) === JSON.stringify(blockers)) return;
  const { rowCount } = await connection.query(
    'update clearing_cycle set blocked = $3 where cycle = $1 and state = $2 and version = $4',
    [cycle, state, JSON.stringify(blockers), version],
  );
  if (rowCount === 1)
    await recordEvent(connection, { cycle, kind: 'blocked', detail: { state, blocked: blockers }, at });
}

/**
 * Back to the cut, for the books to be compared again; false once the result of the day is signed, or before there is one.
 * The books that stand go on standing, under the next version.
 */
export async function reopenCycle(
  connection: Queryable,
  cycle: string,
  reason: string,
  by: Taker,
  at: Date,
): Promise<boolean> {
  // A step under way is waited for: its rows are those of this version.
  await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [cycleLock(cycle)]);
  const { rowCount } = await connection.query(
    `update clearing_cycle set state = 'cut', version = version + 1, blocked = '[]', changed_at = $2
      where cycle = $1 and state = any($3)`,
    [cycle, at, comparable],
  );
  if (rowCount !== 1) return false;
  const { version } = (await readCycle(connection, cycle))!;
  await connection.query('update clearing_row set cycle_version = $2 where cycle = $1 and cycle_version <> $2', [
    cycle,
    version,
  ]);
  await noteStep(connection, { cycle, version }, { to: 'cut', detail: { reason } }, by, at);
  return true;
}

/** What whoever works on a day holds. */
export function cycleLock(cycle: string): string {
  return `clearing-cycle/${cycle}`;
}

async function noteStep(
  connection: Queryable,
  { cycle, version }: Pick<Cycle, 'cycle' | 'version'>,
  { to, detail }: Reached,
  by: Taker,
  at: Date,
): Promise<void> {
  await connection.query(
    `insert into clearing_step (cycle, version, state, actor, role, detail, at) values ($1, $2, $3, $4, $5, $6, $7)`,
    [cycle, version, to, by.name, by.role, JSON.stringify(detail), at],
  );
  const subject = `clearing/${cycle}`;
  const small = Object.fromEntries(Object.entries(detail).filter(([, value]) => typeof value !== 'object'));
  await recordAct(connection, {
    actor: by.name,
    role: by.role,
    act: `cycle-${to}`,
    subject,
    detail: { version, ...(small as Record<string, string | number | boolean>) },
    at,
  });
  await recordEvent(connection, { cycle, kind: 'state', detail: { state: to, version, by: by.name, ...detail }, at });
}
