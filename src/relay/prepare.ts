import type { Adapter, NativeRequest } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Loss } from '../contract/loss.ts';
import type { Listing, Message } from '../contract/message.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { Database } from '../journal/database.ts';
import { type NumberRow, numbersOf } from '../journal/numbers.ts';
import type { Lease } from '../journal/outbox.ts';
import { payloadOf } from '../journal/payload.ts';
import type { Decision } from '../rules/decide.ts';
import { termsApplied } from '../rules/terms.ts';
import { address, numberNeeds } from './address.ts';

export interface PrepareParts {
  readonly exchange: Exchange;
  readonly adapter: Adapter;
  readonly database: Database;
  /** The key under which a delivery is sent there. */
  requestId(lease: Lease, exchange: Exchange): string;
  instant(atMs: number): string;
  onFault(error: unknown): void;
}

/** A leased delivery as it would be sent, or why it cannot be. */
export interface Prepared {
  readonly lease: Lease;
  readonly message: Message;
  readonly request?: NativeRequest;
  readonly loss: readonly Loss[];
  readonly refusals?: readonly Refusal[];
  /** Our own bug with this one message: it is tried again and ends as a dead letter, the others go on. */
  readonly isFaulty?: true;
  /** It cannot be told yet: something it refers to has no number there. */
  readonly missing?: string;
}

/** Reads the payloads, finds the recipient's numbers with one query for the whole batch, and encodes. */
export async function prepare(leases: readonly Lease[], parts: PrepareParts): Promise<readonly Prepared[]> {
  const { exchange, adapter, database } = parts;
  const messages = leases.map(({ envelope }) => payloadOf(envelope) as unknown as Message);
  const numbers: readonly Omit<NumberRow, 'number'>[] = messages.flatMap((message) => numberNeeds(message, exchange));
  const numberOf = await numbersOf(database, numbers);
  const prepareOne = (lease: Lease, i: number): Prepared => {
    const { message: original, mirror, missing } = address(messages[i]!, exchange, numberOf);
    const base = { lease, message: original, loss: [] };
    if (missing !== undefined) return { ...base, missing: `${missing.kind} ${missing.id}` };
    const message = original.kind === 'listing' ? shown(original, lease.decision) : original;
    const encoded = adapter.encode(message, {
      requestId: parts.requestId(lease, exchange),
      at: parts.instant(lease.createdAt.getTime()),
      ...(mirror === undefined ? {} : { mirror }),
    });
    if (!encoded.ok) return { ...base, refusals: encoded.refusals };
    return { ...base, request: encoded.value.request, loss: encoded.value.loss };
  };
  return leases.map((lease, i) => {
    try {
      return prepareOne(lease, i);
    } catch (error) {
      parts.onFault(error);
      return { lease, message: messages[i]!, loss: [], isFaulty: true };
    }
  });
}

/** The listing under the terms in force at this host. */
function shown(listing: Listing, decision: unknown): Listing {
  return decision === null ? listing : termsApplied(listing, decision as Decision);
}
