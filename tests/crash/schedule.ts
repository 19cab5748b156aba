import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { type Random, randomFrom } from './random.ts';

/** One thing that goes wrong. Times in ms; `gateway` counts from 0. */
export type Fault =
  | { readonly kind: 'gateway-kill'; readonly gateway: number }
  /** It dies by itself between two statements, or after a commit and before the answer. */
  | { readonly kind: 'gateway-die'; readonly gateway: number; readonly table: string; readonly statements: number }
  /** It does nothing for a while, and goes on as if nothing had been: a long pause, a machine that was moved. */
  | { readonly kind: 'gateway-pause'; readonly gateway: number; readonly ms: number }
  /** Killed; after it comes back its clock is off, until it is killed again. */
  | { readonly kind: 'gateway-clock'; readonly gateway: number; readonly aheadMs: number }
  | { readonly kind: 'redis-flush' }
  | { readonly kind: 'redis-kill'; readonly ms: number }
  | { readonly kind: 'database-crash' }
  | { readonly kind: 'disk-full'; readonly ms: number }
  | { readonly kind: 'line-cut' | 'line-half-open'; readonly exchange: Exchange; readonly ms: number }
  | { readonly kind: 'line-slow' | 'line-drip'; readonly exchange: Exchange; readonly ms: number }
  | { readonly kind: 'line-reset' | 'answer-lost'; readonly exchange: Exchange };

export type FaultKind = Fault['kind'];

export interface Timed {
  readonly atMs: number;
  readonly fault: Fault;
}

export const faultKinds: readonly FaultKind[] = [
  'gateway-kill',
  'gateway-die',
  'gateway-pause',
  'gateway-clock',
  'redis-flush',
  'redis-kill',
  'database-crash',
  'disk-full',
  'line-cut',
  'line-half-open',
  'line-slow',
  'line-drip',
  'line-reset',
  'answer-lost',
];

/** How often each comes up, of about a hundred. */
const weights: Readonly<Record<FaultKind, number>> = {
  'gateway-kill': 8,
  'gateway-die': 20,
  'gateway-pause': 4,
  'gateway-clock': 2,
  'redis-flush': 10,
  'redis-kill': 4,
  'database-crash': 3,
  'disk-full': 1,
  'line-cut': 8,
  'line-half-open': 6,
  'line-slow': 6,
  'line-drip': 6,
  'line-reset': 8,
  'answer-lost': 14,
};

/** Where a gateway dies: what comes in, what goes out, what became of it, how far a link has come. */
const tables = [
  'insert into inbox',
  'insert into message',
  'insert into delivery',
  'update delivery',
  'insert into receipt',
  'link_memory',
  'link_sent',
];

export interface ScheduleOptions {
  readonly seed: number;
  readonly ms: number;
  readonly gateways: number;
  /** Between two faults on average, ms. */
  readonly everyMs: number;
  /** What this machine can do. */
  readonly kinds: readonly FaultKind[];
}

const CLOCK_OFF_MS = 600_000;

/** What goes wrong and when: the same for the same seed and options. */
export function scheduleOf({ seed, ms, gateways, everyMs, kinds }: ScheduleOptions): readonly Timed[] {
  const random = randomFrom(seed);
  const timed: Timed[] = [];
  for (let atMs = everyMs; atMs < ms; atMs += random.between(everyMs / 2, everyMs * 1.5)) {
    timed.push({ atMs: Math.round(atMs), fault: faultOf(kindOf(kinds, random), gateways, random) });
  }
  return timed;
}

function kindOf(kinds: readonly FaultKind[], random: Random): FaultKind {
  let left = random.next() * kinds.reduce((sum, kind) => sum + weights[kind], 0);
  for (const kind of kinds) {
    left -= weights[kind];
    if (left < 0) return kind;
  }
  return kinds[0]!;
}

function faultOf(kind: FaultKind, gateways: number, random: Random): Fault {
  const gateway = random.between(0, gateways - 1);
  const exchange = random.pick(exchanges);
  switch (kind) {
    case 'gateway-kill':
      return { kind, gateway };
    case 'gateway-die':
      return { kind, gateway, table: random.pick(tables), statements: random.between(1, 12) };
    case 'gateway-pause':
      return { kind, gateway, ms: random.between(1_000, 12_000) };
    case 'gateway-clock':
      return { kind, gateway, aheadMs: random.pick([-CLOCK_OFF_MS, CLOCK_OFF_MS]) };
    case 'redis-flush':
    case 'database-crash':
      return { kind };
    case 'redis-kill':
      return { kind, ms: random.between(100, 3_000) };
    case 'disk-full':
      return { kind, ms: random.between(1_000, 5_000) };
    case 'line-reset':
    case 'answer-lost':
      return { kind, exchange };
    case 'line-slow':
    case 'line-drip':
      return { kind, exchange, ms: random.between(2_000, 6_000) };
    default:
      return { kind, exchange, ms: random.between(500, 6_000) };
  }
}
