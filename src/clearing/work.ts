import type { Actor } from '../access/actor.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { recordActs } from '../journal/audit.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { insertRows } from '../journal/rows.ts';
import { bookAdjustments } from './adjustment-kept.ts';
import { type Break, lockBreaks, saveBreaks } from './break.ts';
import { type KeptAct, keepActs } from './break-acts.ts';
import { evidenceThere, keepProposals, proposalsNumbered } from './proposal-kept.ts';
import { decideWork } from './work-decide.ts';
import type { Done, Known, Order } from './work-order.ts';

/** One break to be acted on, as it was read: `version` is what the person saw (If-Match). */
export interface Task {
  readonly breakId: string;
  /** Not needed for comments and attachments, which leave a break as it is. */
  readonly version?: number;
  readonly order: Order;
}

export interface WorkParts {
  readonly database: Database;
  readonly limits: { readonly twoCheckersFen: number; readonly breaksAtOnce: number };
  nowMs(): number;
  newId(): string;
}

/** Who acts; whose exchange it is matters to nothing here: staff has none. */
export type By = Pick<Actor, 'name' | 'role'>;

/** Audit trail: thing and past participle. */
const DEEDS = {
  take: 'break-taken',
  assign: 'break-assigned',
  propose: 'break-proposed',
  withdraw: 'break-withdrawn',
  approve: 'break-approved',
  return: 'break-returned',
  post: 'break-posted',
  reopen: 'break-reopened',
  comment: 'break-commented',
  attach: 'break-evidenced',
} as const satisfies Record<Order['act'], string>;

/**
 * Acts on breaks, up to 500 at once, in one transaction and a fixed number of statements whatever their number: those
 * that can be done are done, each of the others is refused with its reasons, in the order of the tasks.
 *
 * Refused as a whole (`too-large`): more than may be acted on at once.
 */
export async function work(
  parts: WorkParts,
  by: By,
  tasks: readonly Task[],
): Promise<Checked<readonly Checked<Break>[]>> {
  if (tasks.length > parts.limits.breaksAtOnce) {
    return refused(refuse('too-large', '', String(parts.limits.breaksAtOnce)));
  }
  return transaction(parts.database, async (connection) => {
    const known = await readKnown(connection, tasks);
    const about = { by, at: new Date(parts.nowMs()), thresholdFen: BigInt(parts.limits.twoCheckersFen), known };
    const seen = new Set<string>();
    const decided = tasks.map((task): Checked<Done> => {
      // Twice in one request: the second has not seen what the first did.
      if (seen.has(task.breakId)) return refused(refuse('id-conflict', '/breakId', task.breakId));
      seen.add(task.breakId);
      return decideWork(task, about);
    });
    const done = decided.flatMap((one) => (one.ok ? [one.value] : []));
    const afters = await keep(connection, done, by, about.at, parts.newId());
    return accepted(decided.map((one) => (one.ok ? accepted(afters.get(one.value.after.id)!) : one)));
  });
}

/** Everything the decisions need, read at once; the breaks stay locked. */
async function readKnown(connection: Queryable, tasks: readonly Task[]): Promise<Known> {
  const breaks = await lockBreaks(
    connection,
    tasks.map(({ breakId }) => breakId),
  );
  const proposals = await proposalsNumbered(
    connection,
    [...breaks.values()].flatMap(({ stands }) => (stands.proposal === null ? [] : [stands.proposal])),
  );
  const evidence = await evidenceThere(
    connection,
    tasks.flatMap(({ order }) =>
      order.act === 'propose' ? order.wish.evidence : order.act === 'attach' ? [`attachment:${order.sha256}`] : [],
    ),
  );
  const named = tasks.flatMap(({ order }) => (order.act === 'assign' ? [order.to] : []));
  return { breaks, proposals, evidence, makers: await makersAmong(connection, named) };
}

async function makersAmong(connection: Queryable, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const { rows } = await connection.query<{ name: string }>(
    `select name from account where name = any($1::text[]) and role = 'maker' and not disabled`,
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}

async function keep(
  connection: Queryable,
  done: readonly Done[],
  by: By,
  at: Date,
  deed: string,
): Promise<ReadonlyMap<string, Break>> {
  const proposed = done.flatMap(({ before, proposal }) =>
    proposal === undefined ? [] : [{ stands: before, proposal, maker: by.name, at }],
  );
  const numbers = await keepProposals(connection, proposed);
  const afters = new Map(
    done.map(({ after }) => [after.id, { ...after, proposal: numbers.get(after.id) ?? after.proposal }]),
  );
  const columns = {
    proposal: 'bigint',
    sha256: 'text',
    maker: 'text',
    checker: 'text',
    place: 'integer',
    at: 'timestamptz',
  };
  const approvals = done.flatMap(({ approval }) => (approval === undefined ? [] : [{ ...approval, at }]));
  await insertRows<Record<string, unknown>>(connection, 'clearing_approval', columns, approvals);
  const acts = done.map(({ before, after, order, reason, note, detail }): KeptAct => {
    const moved =
      after === before
        ? { version: null, from: null, to: null }
        : { version: after.version, from: before.state, to: after.state };
    const said = { ...(reason === undefined ? {} : { reason }), ...(note === undefined ? {} : { note }) };
    return {
      breakId: after.id,
      ...moved,
      act: order.act,
      role: by.role,
      actor: by.name,
      ...said,
      detail: { ...detail },
      deed,
      at,
    };
  });
  await keepActs(connection, acts);
  await bookAdjustments(
    connection,
    done.flatMap(({ booking }) => booking?.map((one) => ({ ...one, postedBy: by.name, at })) ?? []),
  );
  await saveBreaks(
    connection,
    done.filter(({ before, after }) => before !== after).map(({ after }) => afters.get(after.id)!),
  );
  await recordActs(
    connection,
    done.map(({ after, order, detail }) => ({
      actor: by.name,
      role: by.role,
      act: DEEDS[order.act],
      subject: after.id,
      detail: { deed, version: after.version, state: after.state, ...detail },
      at,
    })),
  );
  return afters;
}
