import { setTimeout as sleep } from 'node:timers/promises';
import type { Field } from './field.ts';
import type { LineFault } from './proxy.ts';
import type { Fault } from './schedule.ts';

/** Makes it go wrong; resolves when it is over. Undefined where it cannot be done just now (what should die is not up). */
export function inject(field: Field, fault: Fault): Promise<void> | undefined {
  switch (fault.kind) {
    case 'gateway-kill':
    case 'gateway-die':
    case 'gateway-pause':
    case 'gateway-clock':
      return injectGateway(field, fault);
    case 'redis-flush':
      field.redis?.flush();
      return Promise.resolve();
    case 'redis-kill': {
      const { redis } = field;
      if (redis === undefined || isBusy.has(redis)) return undefined;
      field.crashed();
      return alone(redis, async () => {
        await redis.kill();
        await sleep(fault.ms);
        await redis.start();
      });
    }
    case 'database-crash':
      if (isBusy.has(field.database)) return undefined;
      field.crashed();
      return alone(field.database, () => field.database.crash());
    case 'disk-full':
      if (isBusy.has(field.database)) return undefined;
      return alone(field.database, () => field.database.fillDisk(fault.ms));
    case 'line-reset':
      field.lines[fault.exchange].reset();
      return Promise.resolve();
    case 'answer-lost':
      field.lines[fault.exchange].loseNextAnswer();
      return Promise.resolve();
    default: {
      const line = field.lines[fault.exchange];
      if (isBusy.has(line)) return undefined;
      return alone(line, async () => {
        line.set(lineFault(fault.kind));
        await sleep(fault.ms);
        line.set(undefined);
      });
    }
  }
}

/** What is being made to go wrong, and is not made to twice at once. */
const isBusy = new WeakSet<object>();

async function alone(thing: object, work: () => Promise<void>): Promise<void> {
  isBusy.add(thing);
  try {
    await work();
  } finally {
    isBusy.delete(thing);
  }
}

type GatewayFault = Extract<Fault, { gateway: number }>;

function injectGateway(field: Field, fault: GatewayFault): Promise<void> | undefined {
  const gateway = field.gateways[fault.gateway]!;
  if (gateway.url() === undefined || isBusy.has(gateway)) return undefined;
  // Now and then none is left; if that were the rule, on a slow machine nothing would ever be under way.
  const others = field.gateways.filter((other) => other !== gateway);
  if (fault.kind !== 'gateway-kill' && others.length > 0 && !others.some((other) => other.url() !== undefined)) {
    return undefined;
  }
  switch (fault.kind) {
    case 'gateway-kill':
      gateway.kill();
      return Promise.resolve();
    case 'gateway-die':
      gateway.die(fault.table, fault.statements);
      return Promise.resolve();
    case 'gateway-pause':
      return alone(gateway, () => gateway.pause(fault.ms));
    case 'gateway-clock':
      gateway.setClock(fault.aheadMs);
      return Promise.resolve();
  }
}

function lineFault(kind: 'line-cut' | 'line-half-open' | 'line-slow' | 'line-drip'): LineFault {
  switch (kind) {
    case 'line-cut':
      return { kind: 'cut' };
    case 'line-half-open':
      return { kind: 'half-open' };
    case 'line-slow':
      return { kind: 'slow', ms: 800 };
    case 'line-drip':
      return { kind: 'drip', bytes: 48, ms: 20 };
  }
}
