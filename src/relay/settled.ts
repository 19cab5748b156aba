import type { Participant } from '../contract/exchange.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { digestOf } from '../envelope/digest.ts';
import type { Queryable } from '../journal/database.ts';
import { payloadOf } from '../journal/payload.ts';
import { type ReceiptRow, readReceipts, recordReceipts } from '../journal/receipts.ts';
import { lockNames } from '../journal/rows.ts';
import { type Seals, settle } from './seal.ts';

/** The money side of one message is done. */
export interface Settlement {
  /** Id of the journaled message: the deal, or the leg of money. */
  readonly message: string;
  /** What proves it to a clearing clerk: the settlement batch, or the bank's reference. 1 to 200 characters. */
  readonly reference: string;
}

export interface SettledParts {
  readonly seals: Seals;
  nowMs(): number;
  /** Whether the log is witnessed as it must be for money to be called settled. */
  settlementAllowed(): { readonly ok: true } | { readonly ok: false };
}

/**
 * Signs and keeps `settled` receipts, all or none. Asked again for a message it gives the bytes kept the first time;
 * under another reference that is refused, as is everything while the log lacks its witnesses.
 *
 * `connection` is inside the caller's transaction, so that what settles and its receipt stand or fall together.
 */
export async function recordSettled(
  connection: Queryable,
  settlements: readonly Settlement[],
  parts: SettledParts,
): Promise<Checked<readonly Uint8Array[]>> {
  if (!parts.settlementAllowed().ok) return refused(refuse('settlement-stopped'));
  const ids = [...new Set(settlements.map(({ message }) => message))];
  await lockNames(
    connection,
    ids.map((id) => `settled ${id}`),
  );
  const kept = new Map(await readReceipts(connection, ids, 'settled', 'qiao'));
  const { rows } = await connection.query<{ id: string; issuer: Participant; envelope: Buffer }>(
    'select id, issuer, envelope from message where id = any($1)',
    [ids.filter((id) => !kept.has(id))],
  );
  const unsettled = new Map(rows.map((row) => [row.id, row]));
  const references = new Map([...kept].map(([id, bytes]) => [id, payloadOf(bytes).reference]));
  const found: Refusal[] = [];
  for (const [i, { message, reference }] of settlements.entries()) {
    if (!kept.has(message) && !unsettled.has(message))
      found.push(refuse('reference-unknown', `/${i}/message`, message));
    else if ((references.get(message) ?? reference) !== reference) {
      found.push(refuse('id-conflict', `/${i}/reference`, String(references.get(message))));
    } else references.set(message, reference);
  }
  if (found.length > 0) return refused(...found);

  const atMs = parts.nowMs();
  const made = await Promise.all(
    [...unsettled.values()].map(async ({ id, issuer, envelope }): Promise<ReceiptRow> => {
      const message = { id, issuer, digest: digestOf(envelope) };
      const bytes = await settle(message, String(references.get(id)), atMs, parts.seals);
      return { message: id, kind: 'settled', issuer: 'qiao', recipient: 'qiao', bytes, atMs };
    }),
  );
  await recordReceipts(connection, made);
  const all = new Map<string, Uint8Array>([...kept, ...made.map(({ message, bytes }) => [message, bytes] as const)]);
  return accepted(settlements.map(({ message }) => all.get(message)!));
}
