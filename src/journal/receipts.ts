import type { Queryable } from './database.ts';
import { asBuffer, insertRows } from './rows.ts';

/** What is kept here; `received` is kept beside its message, `cosigned` is a deal under both exchanges' signatures. */
export type ReceiptKind = 'received' | 'accepted' | 'refused' | 'settled' | 'cosigned';

export interface ReceiptRow {
  /** Id of the message it is for. */
  readonly message: string;
  readonly kind: ReceiptKind;
  readonly issuer: string;
  /** The exchange that it speaks of; `qiao` where it speaks of the whole message. */
  readonly recipient: string;
  /** Exactly as signed. */
  readonly bytes: Uint8Array;
  /** Journal time. */
  readonly atMs: number;
}

/** Appends receipts. One that is there already stays as it is: whoever asks again gets those bytes. */
export async function recordReceipts(connection: Queryable, rows: readonly ReceiptRow[]): Promise<void> {
  await insertRows(
    connection,
    'receipt',
    { message: 'uuid', kind: 'text', issuer: 'text', recipient: 'text', bytes: 'bytea', recorded_at: 'timestamptz' },
    rows.map(({ atMs, ...row }) => ({ ...row, bytes: asBuffer(row.bytes), recorded_at: new Date(atMs) })),
    'on conflict do nothing',
  );
}

/** Receipts of one kind for these messages that speak of one recipient, by message id. */
export async function readReceipts(
  connection: Queryable,
  messages: readonly string[],
  kind: ReceiptKind,
  recipient: string,
): Promise<ReadonlyMap<string, Buffer>> {
  const { rows } = await connection.query<{ message: string; bytes: Buffer }>(
    'select message, bytes from receipt where message = any($1) and kind = $2 and recipient = $3',
    [messages, kind, recipient],
  );
  return new Map(rows.map(({ message, bytes }) => [message, bytes]));
}
