/** What was said of the message afterwards, each receipt with its own place in the log. */

import type { VerifiedEnvelope } from '../envelope/envelope.ts';
import { type Receipt, type VerifiedReceipt, verifyReceipt } from '../envelope/receipt.ts';
import { digestOfParts, isAbout } from '../log/leaf.ts';
import type { LocalTrustList } from '../trust/trust-list.ts';
import type { Bundle, ReceiptPart } from './bundle.ts';
import { aboutKey, type EvidenceRefusal, refuse } from './codes.ts';
import { isOwed, type ProvenCosigned, proveCosigned } from './cosigned.ts';
import { type Head, placedIn } from './log-proof.ts';

export interface ProvenReceipt {
  readonly receipt: Receipt;
  /** The exchange it speaks of. */
  readonly recipient: string;
  readonly kids: readonly string[];
  /** Journal time, milliseconds since 1970. */
  readonly atMs: number;
  /** Its place in the log; of `received` that of the message itself. */
  readonly index: number;
}

export interface Ground {
  readonly envelope: VerifiedEnvelope;
  readonly atMs: number;
  readonly head: Head;
  readonly list: LocalTrustList;
}

/** Only the gateway countersigns. */
const GATEWAY = 'qiao';
/** How far the clocks of gateway, exchanges and witnesses may be apart: what is further is a story told afterwards. */
export const MAX_SKEW_MS = 300_000;

export function proveReceipts(
  bundle: Bundle,
  ground: Ground,
):
  | { readonly ok: true; readonly receipts: readonly ProvenReceipt[]; readonly cosigned: ProvenCosigned | null }
  | EvidenceRefusal {
  const receipts: ProvenReceipt[] = [];
  let cosigned: ProvenCosigned | null = null;
  if (bundle.received !== null) {
    const read = readOne(bundle.received, '/received', ground.atMs, ground);
    if (!read.ok) return read;
    if (read.receipt.receipt !== 'received') return refuse('evidence-receipt-mismatch', '/received');
    receipts.push({ ...proven(read), recipient: GATEWAY, atMs: ground.atMs, index: bundle.entry?.index ?? 0 });
  }
  for (const [i, part] of bundle.receipts.entries()) {
    if (part.kind === 'cosigned') {
      const both = proveCosigned(part, `/receipts/${i}`, ground);
      if (!both.ok) return both;
      if (cosigned !== null) return refuse('evidence-malformed', `/receipts/${i}`, 'twice');
      cosigned = both.cosigned;
      continue;
    }
    const one = proveOne(part, `/receipts/${i}`, bundle, ground);
    if (!one.ok) return one;
    receipts.push(one.proven);
  }
  if (cosigned === null && isOwed(ground.envelope.payload))
    return refuse('evidence-missing-part', '/receipts', 'cosigned');
  return { ok: true, receipts, cosigned };
}

function proveOne(
  part: ReceiptPart,
  pointer: string,
  bundle: Bundle,
  ground: Ground,
): { readonly ok: true; readonly proven: ProvenReceipt } | EvidenceRefusal {
  const { kind, message, recipient, bytes, entry } = part;
  if (entry === null) return refuse('evidence-missing-part', `${pointer}/entry`);
  const placed = placedIn(ground.head, entry, `${pointer}/entry`);
  if (!placed.ok) return placed;
  const { leaf } = placed;
  const read = readOne(bytes, pointer, leaf.atMs, ground);
  if (!read.ok) return read;
  const { receipt } = read;
  const belongs = message === bundle.message && receipt.receipt === kind && leaf.type === 'receipt';
  if (!belongs || leaf.sender !== receipt.iss || !isAbout(leaf, bytes)) {
    return refuse('evidence-receipt-mismatch', pointer);
  }
  const beside = digestOfParts([message, kind, recipient]);
  if (Buffer.compare(beside, leaf.beside) !== 0) return refuse('evidence-altered', `${pointer}/recipient`);
  return { ok: true, proven: { ...proven(read), recipient, atMs: leaf.atMs, index: entry.index } };
}

function readOne(
  bytes: Uint8Array,
  pointer: string,
  atMs: number,
  { envelope, list }: Ground,
): VerifiedReceipt | EvidenceRefusal {
  const read = verifyReceipt(bytes, list, { atMs, of: envelope, gateway: GATEWAY });
  if (!read.ok) {
    const code = read.code === 'receipt-mismatch' ? 'evidence-receipt-mismatch' : aboutKey(read.code);
    return refuse(code ?? 'evidence-altered', pointer, read.code);
  }
  const isApart = Math.abs(read.receipt.iat * 1000 - atMs) > MAX_SKEW_MS;
  return isApart ? refuse('evidence-wrong-time', pointer) : read;
}

function proven({ receipt, signatures }: VerifiedReceipt): Pick<ProvenReceipt, 'receipt' | 'kids'> {
  return { receipt, kids: signatures.map(({ kid }) => kid) };
}
