import { cosign, openCosigned } from '../envelope/cosigned.ts';
import { digestOf } from '../envelope/digest.ts';
import type { TrustList } from '../envelope/jws.ts';
import type { Queryable } from '../journal/database.ts';
import { payloadBytes } from '../journal/payload.ts';
import type { ReceiptRow } from '../journal/receipts.ts';
import type { MessageRow } from '../journal/record.ts';
import type { DealStanding } from '../journal/standing.ts';
import type { Planned } from './commit.ts';
import type { Seals } from './seal.ts';

/**
 * For every deal confirmed in this batch: its payload, byte for byte as the home signed it, under the signatures of
 * both exchanges. Kept with the host's `deal-confirmed`.
 */
export async function cosignDeals(
  connection: Queryable,
  planned: readonly Planned[],
  rows: readonly MessageRow[],
  seals: Seals,
): Promise<readonly ReceiptRow[]> {
  const confirmations = planned.flatMap(({ effect: { cosigns }, id, atMs }) =>
    cosigns === undefined ? [] : [{ ...cosigns, id, atMs }],
  );
  if (confirmations.length === 0) return [];
  const sealed = new Map(rows.map(({ id, envelope }) => [id, envelope]));
  const { rows: kept } = await connection.query<{ id: string; envelope: Buffer }>(
    'select id, envelope from message where id = any($1)',
    [confirmations.map(({ message }) => message).filter((id) => !sealed.has(id))],
  );
  for (const { id, envelope } of kept) sealed.set(id, envelope);
  return Promise.all(
    confirmations.map(async ({ message, digest, home, host, id, atMs }): Promise<ReceiptRow> => {
      const payload = payloadBytes(sealed.get(message)!);
      if (digestOf(payload) !== digest) throw new Error(`assertion: ${message} is not the deal that ${id} confirms`);
      const parties = [home, host].map((participant) => ({ participant, signers: seals.signersOf(participant, atMs) }));
      const bytes = await cosign(payload, Math.floor(atMs / 1000), parties);
      return { message: id, kind: 'cosigned', issuer: host, recipient: host, bytes, atMs };
    }),
  );
}

/** Whether both signatures are there, verify, and are under the version in force: the row alone proves nothing. */
export function isCosigned({ cosigned, home, host, digest }: DealStanding, trust: TrustList): boolean {
  if (cosigned === null || cosigned === 'now') return cosigned === 'now';
  const opened = openCosigned(cosigned.bytes, trust, [home, host], cosigned.at.getTime());
  return opened.ok && digestOf(opened.payload) === digest;
}
