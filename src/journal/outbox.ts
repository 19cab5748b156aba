import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from './database.ts';
import { unescaped } from './escaped.ts';
import { updateRows } from './rows.ts';

/** A dead delivery stays open, so that it goes on blocking its lane, and is never due. */
const FAR = new Date('9999-12-31T00:00:00Z');

/** A delivery that this process may work on until its lease runs out. */
export interface Lease {
  readonly no: bigint;
  readonly message: string;
  readonly kind: string;
  readonly lane: string;
  /** When it was put into the outbox: what is sent says so, and is the same however often it is sent. */
  readonly createdAt: Date;
  /** Sent before, outcome unknown: ask first. */
  readonly inDoubt: boolean;
  readonly attempts: number;
  readonly issuer: string;
  readonly envelope: Buffer;
  /** The decision under which a listing is shown, where it is one. */
  readonly decision: unknown;
}

/**
 * Leases up to `limit` deliveries for one exchange: the first open one of each lane, where it is due.
 *
 * A lane is one listing at one exchange; what comes behind in the same lane waits, other lanes do not. However much has
 * gathered behind one that failed and waits or is dead, no lease goes through it one by one. A lease that runs out (the
 * process died) makes the delivery due again, and then it is in doubt.
 */
export async function leaseDeliveries(
  connection: Queryable,
  exchange: Exchange,
  limit: number,
  at: Date,
  until: Date,
  /** The longest due is taken instead of the first put in: what is tried in vain goes to the end. */
  longestDue = false,
  /** Due later than any wait lasts: whoever wrote that had a wrong clock, and it is due now. */
  beyond = FAR,
): Promise<readonly Lease[]> {
  const { rows } = await connection.query<Omit<Lease, 'envelope'> & { readonly envelope: string }>(
    `with head as (
       select d.no, d.state from delivery d
        where d.exchange = $1 and d.open and (d.due_at <= $3 or d.due_at > $5 and d.state <> 'dead')
          and d.lane not in (select f.lane from delivery f where f.exchange = $1 and f.open and f.reason is not null
                              and (f.state = 'dead' or f.due_at > $3 and f.due_at <= $5))
          and not exists (select 1 from delivery e where e.exchange = $1 and e.open and e.lane = d.lane and e.no < d.no)
        order by ${longestDue ? 'd.due_at, ' : ''}d.no limit $2 for update skip locked
     ), leased as (
       update delivery d set state = 'sending', attempts = d.attempts + 1, due_at = $4
         from head where d.no = head.no
       returning d.no, d.message, d.kind, d.lane, d.attempts, d.created_at as "createdAt", head.state in ('sending', 'in-doubt') as "inDoubt"
     )
     select leased.*, m.issuer, encode(m.envelope, 'escape') as envelope, c.body as decision
       from leased join message m on m.id = leased.message
       left join lateral (select body from decision
         where leased.kind = 'listing' and listing = leased.lane and host = $1 and message = leased.message
         order by no desc limit 1) c on true
      order by leased.no`,
    [exchange, limit, at, until, beyond],
  );
  return rows.map((row) => ({ ...row, envelope: unescaped(row.envelope) }));
}

/** Makes leases longer while their calls last. One that ran out and was taken over stays with who took it. */
export async function renewLeases(
  connection: Queryable,
  leases: readonly Pick<Lease, 'no' | 'attempts'>[],
  until: Date,
): Promise<void> {
  if (leases.length === 0) return;
  await connection.query(
    `update delivery d set due_at = $3 from unnest($1::bigint[], $2::integer[]) as t(no, attempts)
      where d.no = t.no and d.state = 'sending' and d.attempts = t.attempts`,
    [leases.map(({ no }) => no), leases.map(({ attempts }) => attempts), until],
  );
}

/** The line is back: what waits for another try, or to be asked about, is due now. Gives how many. */
export async function hastenDeliveries(connection: Queryable, exchange: Exchange, at: Date): Promise<number> {
  const { rowCount } = await connection.query(
    `update delivery set due_at = $2
      where exchange = $1 and open and state in ('waiting', 'in-doubt') and due_at > $2`,
    [exchange, at],
  );
  return rowCount ?? 0;
}

/** How one delivery ended, or when it goes on. */
export type Finish = Done | Going;

type Done = {
  readonly no: bigint;
  readonly state: 'accepted' | 'refused';
  readonly number: string | null;
  readonly reason: string | null;
  readonly loss: string | null;
  readonly sent: Uint8Array | null;
  readonly answer: Uint8Array | null;
};
type Going = {
  readonly no: bigint;
  /** Which attempt it was: a lease that ran out and was taken over since has no say any more. */
  readonly attempts: number;
  readonly reason: string;
} & (
  | { readonly state: 'dead' }
  | {
      readonly state: 'waiting' | 'in-doubt';
      readonly dueAt: Date;
      /** The line was cut for all: this attempt is taken back. */
      readonly isFree: boolean;
    }
);

function isDone(finish: Finish): finish is Done {
  return finish.state === 'accepted' || finish.state === 'refused';
}

/**
 * Writes how deliveries ended, and gives the numbers of those that did; one statement for them and one for those that
 * go on. One that had ended before (its lease ran out and another process was first) stays as it is.
 */
export async function finishDeliveries(
  connection: Queryable,
  finishes: readonly Finish[],
  at: Date,
): Promise<ReadonlySet<bigint>> {
  const [ended] = await Promise.all([
    endDeliveries(connection, finishes.filter(isDone), at),
    putOff(
      connection,
      finishes.filter((finish) => !isDone(finish)),
      at,
    ),
  ]);
  return new Set(ended.map(({ no }) => no));
}

function endDeliveries(connection: Queryable, done: readonly Done[], at: Date): Promise<readonly { no: bigint }[]> {
  return updateRows<Done & { open: boolean; finished_at: Date }, { no: bigint }>(
    connection,
    'delivery',
    'no',
    {
      no: 'bigint',
      state: 'text',
      open: 'boolean',
      number: 'text',
      reason: 'json',
      loss: 'json',
      sent: 'bytea',
      answer: 'bytea',
      finished_at: 'timestamptz',
    },
    done.map((finish) => ({ ...finish, open: false, finished_at: at })),
    'and delivery.open returning delivery.no',
  );
}

async function putOff(connection: Queryable, going: readonly Going[], at: Date): Promise<void> {
  if (going.length === 0) return;
  await connection.query(
    `update delivery d set state = t.state, reason = t.reason, due_at = t.due_at,
            attempts = d.attempts - t.free::integer,
            finished_at = case when t.state = 'dead' then $5::timestamptz end
       from unnest($1::bigint[], $2::text[], $3::json[], $4::timestamptz[], $6::integer[], $7::boolean[])
         as t(no, state, reason, due_at, attempts, free)
      where d.no = t.no and d.open and d.state = 'sending' and d.attempts = t.attempts`,
    [
      going.map(({ no }) => no),
      going.map(({ state }) => state),
      going.map(({ reason }) => reason),
      going.map((finish) => ('dueAt' in finish ? finish.dueAt : FAR)),
      at,
      going.map(({ attempts }) => attempts),
      going.map((finish) => 'isFree' in finish && finish.isFree),
    ],
  );
}

/** When the next delivery for that exchange is due, if any is open; the beginning of time where it is due beyond all waits. */
export async function nextDueAt(connection: Queryable, exchange: Exchange, beyond = FAR): Promise<Date | undefined> {
  const { rows } = await connection.query<{ due_at: Date | null }>(
    `select min(case when due_at > $2 then '1970-01-01' else due_at end) as due_at
       from delivery where exchange = $1 and open and state <> 'dead'`,
    [exchange, beyond],
  );
  return rows[0]?.due_at ?? undefined;
}

/**
 * The kinds of which an exchange may have numbered something whose answer is not written down yet. As long as nothing
 * comes back, or gateways die with it under way, that is waited for. What the exchange answers in a way that is of no
 * use again and again is not: everything that exchange says would wait with it.
 */
export async function kindsBeingNumbered(connection: Queryable, exchange: Exchange): Promise<ReadonlySet<string>> {
  const { rows } = await connection.query<{ kind: string }>(
    `select distinct kind from delivery
      where exchange = $1 and open and state in ('sending', 'in-doubt')
        and (attempts <= 3 or reason is null or reason ->> 'unanswered' = 'true')`,
    [exchange],
  );
  return new Set(rows.map(({ kind }) => kind));
}
