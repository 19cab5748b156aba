import { createHash } from 'node:crypto';
import type { Exchange } from '../../src/contract/exchange.ts';
import { openCosigned } from '../../src/envelope/cosigned.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { verifyReceipt } from '../../src/envelope/receipt.ts';
import type { Database } from '../../src/journal/database.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import type { KeyStore } from '../../src/trust/keystore.ts';
import type { DeliveryRow, Tables } from './audit.ts';

/** Reads what the gateways left in the database, and verifies every signature, receipt and chain in it. */
export async function readTables(database: Database, { trust }: KeyStore): Promise<Tables> {
  const all = async <Row>(text: string) => (await database.query(text)).rows as Row[];
  const proof = await verifyJournal(database, {
    envelope: (bytes, atMs) => verifyEnvelope(bytes, trust, { atMs }),
    receipt: (bytes, of, atMs) => verifyReceipt(bytes, trust, { of, atMs }),
    cosigned: (bytes, parties, atMs) => openCosigned(bytes, trust, parties, atMs),
  });
  const unproven = proof.faults
    .filter((fault) => fault.includes('cosigned'))
    .map((fault) => fault.split(' ')[1]?.slice(0, -1));
  const deals = await all<{ id: string; status: string; confirmation: string | null; cosigned: boolean }>(
    `select id, status, confirmation,
            exists (select from receipt r where r.message = deal.confirmation and r.kind = 'cosigned') as cosigned from deal`,
  );
  const leafless = await all<{ source: string; no: bigint }>('select source, no from leaf_waiting');
  const natives = await all<{ id: string; native: Buffer }>(
    'select id, native from message where received is not null',
  );
  return {
    deliveries: (
      await all<Omit<DeliveryRow, 'no'> & { no: bigint }>(
        'select no, message, exchange, lane, kind, state from delivery order by no',
      )
    ).map((row) => ({ ...row, no: Number(row.no) })),
    refusals: (
      await all<{ exchange: Exchange; key: string; native: Buffer; refusals: readonly { code: string }[] }>(
        'select exchange, key, native, refusals from refusal',
      )
    ).map(({ exchange, key, native, refusals }) => ({
      ...{ exchange, key, native: native.toString('latin1') },
      codes: refusals.map(({ code }) => code).join(' '),
    })),
    deals: deals.map(({ id, status, confirmation, cosigned }) => ({
      id,
      status,
      cosigned: cosigned && !unproven.includes(confirmation ?? ''),
    })),
    funds: (await all<{ id: string; fen: string }>('select id, amount_fen::text as fen from funds')).map(
      ({ id, fen }) => ({ id, amountFen: fen }),
    ),
    repeated: repeatedIn(natives),
    faults: [...proof.faults, ...leafless.map(({ source, no }) => `${source} ${no} has no leaf in the log`)],
  };
}

function repeatedIn(rows: readonly { readonly id: string; readonly native: Buffer }[]): readonly string[] {
  const seen = new Set<string>();
  return rows.flatMap(({ id, native }) => {
    const digest = createHash('sha256').update(native).digest('hex');
    if (seen.has(digest)) return [id];
    seen.add(digest);
    return [];
  });
}
