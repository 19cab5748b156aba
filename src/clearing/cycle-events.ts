import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';

/** What is told to whoever watches a day's close. */
export interface Event {
  readonly cycle: string;
  readonly kind: EventKind;
  /** The exchanges it concerns; absent: everyone. */
  readonly seenBy?: readonly Exchange[];
  /** Plain JSON, small. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

export type EventKind = 'state' | 'blocked' | 'progress' | 'book' | 'break' | 'settlement';

export interface ToldEvent extends Omit<Event, 'seenBy'> {
  readonly no: bigint;
}

/**
 * Tells it, in the transaction of what happened. Events take turns, so that their numbers rise in the order in which they
 * can be seen: call it last, after the audit trail, which takes turns as well.
 */
export async function recordEvent(connection: Queryable, { cycle, kind, seenBy, detail, at }: Event): Promise<void> {
  await connection.query('select pg_advisory_xact_lock(20260314)');
  await connection.query('insert into clearing_event (cycle, kind, seen_by, detail, at) values ($1, $2, $3, $4, $5)', [
    cycle,
    kind,
    seenBy ?? null,
    JSON.stringify(detail),
    at,
  ]);
}

/** Events after number `after`, in their order, of those that this connection may see. */
export async function eventsAfter(connection: Queryable, after: bigint, limit: number): Promise<readonly ToldEvent[]> {
  const { rows } = await connection.query<ToldEvent & Record<string, unknown>>(
    'select no, cycle, kind, detail, at from clearing_event where no > $1 order by no limit $2',
    [after, limit],
  );
  return rows;
}

/** The numbers of the first and last event that are kept; 0n where there is none. */
export async function eventsKept(connection: Queryable): Promise<{ readonly first: bigint; readonly last: bigint }> {
  const { rows } = await connection.query<{ first: bigint; last: bigint }>(
    'select coalesce(min(no), 0)::bigint as first, coalesce(max(no), 0)::bigint as last from clearing_event',
  );
  return rows[0]!;
}

/** Drops what is older, but for the last one: numbers go on from it. */
export async function dropEvents(connection: Queryable, before: Date): Promise<void> {
  await connection.query('delete from clearing_event where at < $1 and no < (select max(no) from clearing_event)', [
    before,
  ]);
}
