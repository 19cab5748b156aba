import type { Limits } from './config-limits.ts';
import type { Adapter, Link, LinkPorts, LinkSettings } from './contract/adapter.ts';
import { instantAt } from './contract/dates.ts';
import type { Faults } from './faults.ts';
import type { Log } from './gateway.ts';
import { linkNotConfigured } from './gateway-links.ts';
import type { Database } from './journal/database.ts';
import { openLinkMemory } from './journal/link-memory.ts';
import { hastenDeliveries, nextDueAt } from './journal/outbox.ts';
import type { Term } from './journal/ownership.ts';
import { openBreaker } from './relay/breaker.ts';
import type { Finisher } from './relay/finish.ts';
import { type Lane, openLane } from './relay/lane.ts';
import { openHeldLink } from './relay/ownership.ts';

export interface LineParts {
  readonly adapter: Adapter;
  readonly settings: LinkSettings;
  /** The variable that is not set: without an address nothing is sent. */
  readonly missing: string | undefined;
  readonly ports: Omit<LinkPorts, 'memory' | 'nonce' | 'nowMs' | 'log'>;
  readonly database: Database;
  /** This gateway, among those on one database. */
  readonly holder: string;
  readonly limits: Limits;
  readonly finisher: Finisher;
  readonly faults: Faults;
  readonly log: Log;
  nowMs(): number;
  random(): number;
  /** 32 hexadecimal characters, fresh. */
  nonce(): string;
}

/** How often the longest wait of a delivery still counts as one. */
const LONGEST = 1.5;

/** The line to one exchange: how it is reached, and what goes out over it. */
export interface Line {
  readonly link: Link;
  /** Whether this gateway may send over it; of several only one may, where the exchange allows one. */
  mayUse(): boolean;
  /** Whether there is one line for all gateways. */
  readonly isSingle: boolean;
  readonly underWay: number;
  /** Sends what is due. */
  drain(): void;
  /** Looks whether the line is up again, and for what is due. */
  sweep(): Promise<void>;
  /** Ends deliveries under way. */
  stop(): Promise<void>;
}

export function openLine(parts: LineParts): Line {
  const { adapter, settings, missing, database, limits, faults, nowMs, random } = parts;
  const { exchange, single: isSingle = false } = adapter;
  const log: Log = (level, event, fields) => parts.log(level, event, { exchange, ...fields });
  const open = (term?: Term) =>
    adapter.openLink(settings, {
      ...parts.ports,
      memory: openLinkMemory(database, exchange, term),
      nowMs,
      nonce: parts.nonce,
      log,
    });

  if (missing !== undefined) {
    log('warn', 'link-not-configured', { variable: missing });
    // Deliveries are not even leased: they wait, however long, and never run out of attempts.
    const nothing = async () => {};
    const link = linkNotConfigured(open(), missing);
    return { link, mayUse: () => false, isSingle: false, underWay: 0, drain: () => {}, sweep: nothing, stop: nothing };
  }

  let lane: Lane | undefined;
  const drain = () => void lane?.drain();
  const held = isSingle
    ? openHeldLink({
        ...limits,
        ...{ database, exchange, open, log, holder: parts.holder },
        onHeld: drain,
        onFault: faults.of('ownership'),
      })
    : undefined;
  const link = held ?? open();
  const mayUse = () => held?.isHeld() ?? true;

  /** Whatever was put off while nothing came back is due at once: what is in doubt is settled by asking. */
  const back = async () => {
    const waiting = await hastenDeliveries(database, exchange, new Date(nowMs()));
    if (waiting > 0) log('info', 'line-back', { waiting });
    drain();
  };
  const breaker = openBreaker({
    ...limits,
    concurrency: limits.deliveryConcurrency,
    random,
    onChange: (isOpen) => {
      if (isOpen) log('warn', 'line-cut');
      else back().catch(faults.of('lane'));
    },
  });
  const longestWaitMs = LONGEST * Math.max(limits.retryCapMs, limits.leaseMs);
  lane = openLane({
    ...limits,
    longestWaitMs,
    ...{ exchange, adapter, link, breaker, mayUse, database, nowMs },
    instant: instantAt,
    finished: (attempt) => parts.finisher.finish(exchange, attempt),
    onFault: faults.of('lane'),
    batch: limits.deliveryBatch,
    concurrency: limits.deliveryConcurrency,
  });
  const sending = lane;

  let wasUp = false;
  return {
    ...{ link, mayUse, isSingle, drain },
    get underWay() {
      return sending.underWay;
    },
    sweep: async () => {
      const { up } = link.state();
      const isBack = up && !wasUp;
      wasUp = up;
      // A link with a session or a poll of its own knows when its line is up; another finds out by sending.
      if (isBack && isSingle) {
        breaker.restored();
        await back();
      }
      if (!mayUse()) return;
      const due = await nextDueAt(database, exchange, new Date(nowMs() + longestWaitMs));
      if (due !== undefined && due.getTime() <= nowMs()) drain();
    },
    stop: () => sending.stop(),
  };
}
