import type { Queryable } from './database.ts';
import { asBuffer, insertRows } from './rows.ts';

/** One sealed message, ready for the journal. */
export interface MessageRow {
  readonly id: string;
  readonly kind: string;
  readonly issuer: string;
  readonly stream: string;
  readonly seq: number;
  readonly subject: string;
  readonly envelope: Uint8Array;
  readonly native: Uint8Array | null;
  readonly proof: string | null;
  readonly received: Uint8Array | null;
  readonly atMs: number;
}

export interface DeliveryRow {
  readonly message: string;
  readonly exchange: string;
  readonly lane: string;
  readonly kind: string;
}

export interface DecisionRow {
  readonly listing: string;
  readonly version: number;
  readonly host: string;
  readonly verdict: string;
  readonly message: string;
  /** The whole decision, as JSON text. */
  readonly body: string;
  readonly recheckOn: string | null;
}

/** Appends messages to the journal, in the order given. */
export async function recordMessages(connection: Queryable, rows: readonly MessageRow[]): Promise<void> {
  await insertRows(
    connection,
    'message',
    {
      id: 'uuid',
      kind: 'text',
      issuer: 'text',
      stream: 'text',
      seq: 'bigint',
      subject: 'text',
      envelope: 'bytea',
      native: 'bytea',
      proof: 'text',
      received: 'bytea',
      recorded_at: 'timestamptz',
    },
    rows.map(({ atMs, envelope, native, received, ...row }) => ({
      ...row,
      envelope: asBuffer(envelope),
      native: native === null ? null : asBuffer(native),
      received: received === null ? null : asBuffer(received),
      recorded_at: new Date(atMs),
    })),
  );
}

/** Puts messages into the outbox; the order given is the order within a lane. */
export async function queueDeliveries(connection: Queryable, rows: readonly DeliveryRow[], at: Date): Promise<void> {
  await insertRows(
    connection,
    'delivery',
    {
      message: 'uuid',
      exchange: 'text',
      lane: 'text',
      kind: 'text',
      state: 'text',
      open: 'boolean',
      due_at: 'timestamptz',
      created_at: 'timestamptz',
    },
    rows.map((row) => ({ ...row, state: 'waiting', open: true, due_at: at, created_at: at })),
  );
}

/** Keeps decisions; the latest for a listing and host is the current one. `existing`: listings decided on before. */
export async function keepDecisions(
  connection: Queryable,
  rows: readonly DecisionRow[],
  at: Date,
  existing: ReadonlySet<string>,
): Promise<void> {
  if (rows.length === 0) return;
  const again = rows.filter(({ listing }) => existing.has(listing));
  const sent: Promise<unknown>[] = [];
  if (again.length > 0) {
    sent.push(
      connection.query(
        `update decision set current = false from unnest($1::text[], $2::text[]) as t(listing, host)
          where decision.current and decision.listing = t.listing and decision.host = t.host`,
        [again.map(({ listing }) => listing), again.map(({ host }) => host)],
      ),
    );
  }
  // Of several decisions for one listing and host in one batch the last is current.
  const last = new Map(rows.map((row, i) => [`${row.listing}\n${row.host}`, i]));
  sent.push(
    insertRows(
      connection,
      'decision',
      {
        listing: 'text',
        version: 'integer',
        host: 'text',
        verdict: 'text',
        message: 'uuid',
        body: 'json',
        recheck_on: 'date',
        current: 'boolean',
        decided_at: 'timestamptz',
      },
      rows.map(({ recheckOn, ...row }, i) => ({
        ...row,
        recheck_on: recheckOn,
        current: last.get(`${row.listing}\n${row.host}`) === i,
        decided_at: at,
      })),
    ),
  );
  await Promise.all(sent);
}
