import type { Adapter, Link, NativeRequest, Outcome } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Loss } from '../contract/loss.ts';
import type { Message } from '../contract/message.ts';
import { refuse } from '../contract/refusal.ts';
import type { Database } from '../journal/database.ts';
import { type Lease, leaseDeliveries, renewLeases } from '../journal/outbox.ts';
import type { Breaker } from './breaker.ts';
import { pause } from './pause.ts';
import { type Prepared, prepare } from './prepare.ts';

/** A delivery with all that is needed to send it, and what became of it. */
export interface Attempt {
  readonly lease: Lease;
  readonly message: Message;
  readonly request?: NativeRequest;
  readonly loss: readonly Loss[];
  readonly outcome: Outcome;
  /** Nothing comes back over this line for anybody: the attempt does not count against the message. */
  readonly isFree?: boolean;
}

export interface LaneParts {
  readonly exchange: Exchange;
  readonly adapter: Adapter;
  readonly link: Link;
  readonly breaker: Breaker;
  /** Whether this gateway may send to that exchange; of several only one may, where the link is single. */
  mayUse(): boolean;
  readonly database: Database;
  nowMs(): number;
  instant(atMs: number): string;
  /** Takes what became of a delivery; resolves once it is durable. */
  finished(attempt: Attempt): Promise<void>;
  onFault(error: unknown): void;
  readonly batch: number;
  readonly concurrency: number;
  /** Leases are renewed while their calls last; for so long a delivery stays with a gateway that died. */
  readonly leaseMs: number;
  /** Nothing is put off for longer than this; what seems to be was put off by a gateway whose clock is wrong. */
  readonly longestWaitMs?: number;
  /** Between two looks for more while deliveries are under way, ms. */
  readonly lingerMs: number;
}

export interface Lane {
  /** Looks for due deliveries and sends until none is left; called again while running, it looks once more. */
  drain(): Promise<void>;
  stop(): Promise<void>;
  readonly underWay: number;
}

/** Delivers to one exchange: lease → address → encode → send (or ask) → finished. */
export function openLane(parts: LaneParts): Lane {
  const underWay = new Set<Promise<void>>();
  const leased = new Set<Lease>();
  let renewing: NodeJS.Timeout | undefined;
  let draining: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let onWake = () => {};

  const renew = () => {
    renewLeases(parts.database, [...leased], new Date(parts.nowMs() + parts.leaseMs)).catch(parts.onFault);
  };

  /** Until a delivery has ended, or `drain` has been called: one slow exchange call holds up nobody else's. */
  const nextEvent = async () => {
    if (again || stopped) return;
    const woken = new Promise<void>((resolve) => {
      onWake = resolve;
    });
    await Promise.race([...underWay, woken]);
  };

  const drainOnce = async () => {
    while (!stopped) {
      again = false;
      const room = parts.mayUse() ? Math.min(parts.concurrency - underWay.size, parts.breaker.room()) : 0;
      // Busy: look for more at a steady pace instead of after every single answer.
      const early = underWay.size > 0 ? lookedAt + parts.lingerMs - performance.now() : 0;
      if (early > 0) await pause(early);
      if (room <= 0) {
        // Nothing under way and still no room: the line is cut, or another's. Whoever mends that calls again.
        if (underWay.size === 0) return;
        await Promise.race(underWay);
        continue;
      }
      lookedAt = performance.now();
      const now = parts.nowMs();
      const leases = await leaseDeliveries(
        parts.database,
        parts.exchange,
        Math.min(room, parts.batch),
        new Date(now),
        new Date(now + parts.leaseMs),
        parts.breaker.isTrying,
        parts.longestWaitMs === undefined ? undefined : new Date(now + parts.longestWaitMs),
      );
      if (leases.length === 0) {
        // The next of a lane only becomes the head when the one before it is finished.
        if (underWay.size > 0) await nextEvent();
        else if (!again) return;
        continue;
      }
      for (const prepared of await prepare(leases, { ...parts, requestId })) {
        const work = attempt(prepared, parts).catch((error: unknown) => parts.onFault(error));
        underWay.add(work);
        leased.add(prepared.lease);
        renewing ??= setInterval(renew, parts.leaseMs / 3).unref();
        void work.finally(() => {
          underWay.delete(work);
          leased.delete(prepared.lease);
          if (leased.size > 0) return;
          clearInterval(renewing);
          renewing = undefined;
        });
      }
    }
  };

  return {
    drain: () => {
      again = true;
      onWake();
      draining ??= drainOnce()
        .catch((error: unknown) => parts.onFault(error))
        .finally(() => {
          draining = undefined;
        });
      return draining;
    },
    stop: async () => {
      stopped = true;
      onWake();
      await draining;
      await Promise.all(underWay);
    },
    get underWay() {
      return underWay.size;
    },
  };
}

/** One key for one message at one exchange, however often it is sent: what makes sending again harmless. */
export function requestId(lease: Pick<Lease, 'message'>, exchange: Exchange): string {
  return `${exchange}-${lease.message}`;
}

async function attempt(prepared: Prepared, parts: LaneParts): Promise<void> {
  const { lease, message, request, loss } = prepared;
  const outcome = await outcomeOf(prepared, parts);
  const isFree = 'unanswered' in outcome && parts.breaker.isOpen;
  await parts.finished({ lease, message, loss, outcome, isFree, ...(request === undefined ? {} : { request }) });
}

const NO_ANSWER = new Uint8Array();

async function outcomeOf(prepared: Prepared, parts: LaneParts): Promise<Outcome> {
  const { lease, request, refusals, missing, isFaulty } = prepared;
  if (isFaulty) {
    const reason = 'assertion: could not be written';
    return lease.inDoubt ? { outcome: 'ambiguous', reason } : { outcome: 'retry', afterMs: 0, reason };
  }
  if (missing !== undefined) {
    return { outcome: 'refused', refusals: [refuse('reference-unknown', '', missing)], answer: NO_ANSWER };
  }
  if (request === undefined) return { outcome: 'refused', refusals: refusals ?? [], answer: NO_ANSWER };
  try {
    if (lease.inDoubt) {
      const asked = await parts.breaker.call(() => parts.link.ask(request));
      // Not having asked is not knowing.
      if (asked.outcome === 'retry') return { ...asked, outcome: 'ambiguous' };
      if (asked.outcome !== 'absent') return asked;
    }
    return await parts.breaker.call(() => parts.link.send(request));
  } catch (error) {
    // A link promises outcomes, not exceptions; if it breaks that, nobody knows what was sent.
    parts.onFault(error);
    return { outcome: 'ambiguous', reason: 'link fault' };
  }
}
