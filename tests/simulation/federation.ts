import { mocks as shipped } from '../../adapters/mocks.ts';
import type { Limits } from '../../src/config-limits.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { MockExchange, MockFault } from '../../src/contract/mock.ts';
import { type Clerk, openClerk } from '../crash/clerk.ts';
import { type SimulatedGateway, startGateway } from './gateway.ts';
import type { Ground } from './ground.ts';
import { openNetwork } from './network.ts';
import type { Plan } from './plan.ts';
import { openStore } from './store.ts';
import type { Program, World } from './world.ts';

/** Three exchanges with their people, gateways between them, and what goes wrong. */
export interface Federation {
  readonly mocks: Readonly<Record<Exchange, MockExchange>>;
  readonly clerks: Readonly<Record<Exchange, Clerk>>;
  /** How often each kind of fault has been. */
  readonly faults: Readonly<Record<string, number>>;
  /** What gateways said went wrong that no fault explains. */
  readonly errors: readonly string[];
  /** Nothing goes wrong any more, and nobody begins anything new; whoever died comes back. */
  rest(): void;
  /** Nothing under way at an exchange. */
  isIdle(): boolean;
  /** The world is over. */
  close(): Promise<void>;
  /** What people have ordered so far. */
  orders(): number;
}

/** ctex gives up what it signs wrongly itself: its loss, and not the gateway's. */
const MISDEEDS: Readonly<Record<Exchange, readonly MockFault[]>> = {
  ctex: ['busy', 'system-error', 'lost-answer'],
  stex: ['busy', 'system-error', 'lost-answer', 'bad-signature'],
  szse: ['busy', 'system-error', 'lost-answer', 'bad-signature'],
};
/** For so long at most a machine is away or stands still, ms: longer than a lease and a term. */
const LONGEST_MS = 7_000;
/**
 * Shorter than by default, in proportion: so that what comes of a fault comes soon, and no less happens in less time.
 * Looks behind lost wake-ups are few.
 */
const LIMITS: Partial<Limits> = {
  ...{ leaseMs: 4_000, termMs: 6_000, beatMs: 2_000, exchangeTimeoutMs: 5_000, patienceMs: 5_000 },
  ...{ retryCapMs: 5_000, breakerCapMs: 4_000, outboxPollMs: 2_000, pollIntervalMs: 4_000 },
};

export async function openFederation(world: World, ground: Ground, plan: Plan, busyMs: number): Promise<Federation> {
  const { random } = world;
  const { connections, keys, rules } = ground;
  const network = openNetwork(world, plan.weather);
  const store = openStore(world, connections);
  const faults: Record<string, number> = {};
  const errors: string[] = [];
  const outside = world.program('outside');
  let isResting = false;
  const count = (kind: string) => {
    faults[kind] = (faults[kind] ?? 0) + 1;
    world.note(`fault ${kind}`);
  };
  const skew = () => Math.round((random.next() * 2 - 1) * plan.skewMs);
  const hex = () => Array.from({ length: 32 }, () => Math.floor(random.next() * 16).toString(16)).join('');

  const gateways: (SimulatedGateway | undefined)[] = [];
  const alive = () => gateways.filter((one) => one !== undefined);
  const start = (i: number) => {
    const program = world.program(`gateway-${i + 1}`, skew());
    gateways[i] = startGateway(program, {
      ...{ world, network, store, keys, rules, limits: LIMITS },
      wakesLost: plan.wakesLost,
      gateways: alive,
      onError: (_, event, error) => {
        errors.push(`${event} ${error instanceof Error ? error.stack : JSON.stringify(error)}`);
        // A process that cannot start ends, and its keeper starts it again.
        if (event === 'start' && gateways[i]?.program === program) die(i);
      },
    });
  };
  const crash = (i: number) => {
    if (gateways[i] !== undefined) count('crash');
    die(i);
  };
  const die = (i: number) => {
    const gateway = gateways[i];
    if (gateway === undefined) return;
    const { program } = gateway;
    program.isAlive = false;
    gateways[i] = undefined;
    network.bury(program);
    world.after(0, outside, `burial of ${program.name}`, () => store.bury(program));
    world.after(50 + random.next() * LONGEST_MS, outside, `return of ${program.name}`, () => start(i));
  };

  const mocks = {} as Record<Exchange, MockExchange>;
  const clerks = {} as Record<Exchange, Clerk>;
  const programs = {} as Record<Exchange, Program>;
  for (const exchange of exchanges) {
    const program = world.program(exchange, skew());
    const nowMs = () => Math.floor(world.clockOf(program));
    const mock = shipped[exchange]();
    const names = [exchange, `${exchange}-files`];
    await world.as(program, () =>
      mock.start({
        ...keys.native(exchange, 'qiao'),
        ...{ member: 'QIAO', port: 0, nowMs, nonce: hex, gatewayUrl: 'http://gateway' },
        network: {
          listen: (server) => {
            network.listen(names.shift()!, program, server);
            return 443;
          },
          dial: () => network.dial(program, alive().length === 0 ? 'nobody' : random.pick(alive()).program.name),
        },
      }),
    );
    programs[exchange] = program;
    mocks[exchange] = mock;
    clerks[exchange] = openClerk({ exchange, mock, random, nowMs, listedBefore: plan.listedBefore });
  }

  /** Again and again, while the world is in trouble. */
  const every = (ms: number, what: string, act: () => void) => {
    if (!Number.isFinite(ms)) return;
    const next = () =>
      world.after(random.next() * 2 * ms, outside, what, () => {
        if (isResting) return;
        act();
        next();
      });
    next();
  };
  const faultOfStep = (stepsBetween: number) => random.next() < 1 / stepsBetween;

  for (let i = 0; i < plan.gateways; i++) start(i);
  for (let i = 0; i < plan.listings; i++) {
    const exchange = random.pick(exchanges);
    world.after(random.next() * busyMs * 0.6, programs[exchange], 'publishes', () => clerks[exchange].publish());
  }
  for (const exchange of exchanges) {
    const look = () =>
      world.after(300 + random.next() * 150, programs[exchange], 'looks', () => {
        clerks[exchange].look();
        look();
      });
    look();
  }
  world.onStep((program) => {
    const i = gateways.findIndex((one) => one?.program === program);
    if (isResting || i < 0) return;
    if (faultOfStep(plan.stepsBetweenCrashes)) crash(i);
    else if (faultOfStep(plan.stepsBetweenPauses)) {
      count('pause');
      program.asleepUntilMs = world.nowMs() + random.next() * LONGEST_MS;
    } else if (faultOfStep(plan.stepsBetweenLosses)) {
      const how = random.pick(['lost', 'unanswered'] as const);
      count(`database ${how}`);
      store.fail(program, how);
    }
  });
  const lines = () => [...exchanges, ...alive().map(({ program }) => program.name)];
  every(plan.lineFaultsMs, 'line', () => {
    const line = random.pick(lines());
    const kind = random.pick(['cut', 'half-open', 'hold'] as const);
    count(kind);
    if (kind === 'hold') network.hold(line, random.next() * 8_000);
    else network.cut(line, kind === 'half-open');
  });
  every(plan.misdeedsMs, 'misdeed', () => {
    const exchange = random.pick(exchanges);
    const misdeed = random.pick(MISDEEDS[exchange]);
    // What is still ordered when the world comes to rest is not done any more.
    mocks[exchange].fail('*', misdeed, random.between(1, 3), () => {
      if (!isResting) count(misdeed);
      return !isResting;
    });
  });

  return {
    ...{ mocks, clerks, faults, errors },
    rest: () => {
      isResting = true;
      network.heal();
      store.heal();
      for (const one of alive()) one.program.asleepUntilMs = 0;
      for (const exchange of exchanges) clerks[exchange].rest();
    },
    isIdle: () => exchanges.every((exchange) => mocks[exchange].desk.idle()),
    close: () => store.close(),
    orders: () => exchanges.reduce((sum, exchange) => sum + clerks[exchange].orders.length, 0),
  };
}
