import { openCosigned } from '../../src/envelope/cosigned.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { verifyReceipt } from '../../src/envelope/receipt.ts';
import { verifyJournal as verify } from '../../src/journal/verify.ts';
import type { Journey } from './federation.ts';

/** Verifies the whole journal from its bytes; throws every fault found, gives who said what to whom. */
export async function verifyJournal(journey: Journey): Promise<ReadonlySet<string>> {
  const { trust } = journey.keys;
  const proof = await verify(journey.gateway.database, {
    envelope: (bytes, atMs) => verifyEnvelope(bytes, trust, { atMs }),
    receipt: (bytes, of, atMs) => verifyReceipt(bytes, trust, { of, atMs }),
    cosigned: (bytes, parties, atMs) => openCosigned(bytes, trust, parties, atMs),
  });
  if (proof.faults.length > 0) throw new Error(proof.faults.join('\n'));
  return proof.said;
}
