/** What one stretch of the relay bench took: its listings, its seconds, and whose processor time. */
import { processorMs } from './processes.ts';

/** Milliseconds; undefined where the system does not say (processes.ts). */
export interface ProcessorTimes {
  readonly gateway: number;
  readonly postgres: number | undefined;
  readonly mocks: number | undefined;
}

export interface Flood {
  readonly listings: number;
  readonly tookS: number;
  readonly ms: ProcessorTimes;
}

/** So far, of the gateway (this process), the database and the mock exchanges. */
export function processorTimes(pids: { readonly postgres: number; readonly mocks: number }): ProcessorTimes {
  const { user, system } = process.cpuUsage();
  return { gateway: (user + system) / 1000, postgres: processorMs(pids.postgres), mocks: processorMs(pids.mocks) };
}

export function usedBetween(from: ProcessorTimes, to: ProcessorTimes): ProcessorTimes {
  return {
    gateway: to.gateway - from.gateway,
    postgres: both(to.postgres, from.postgres, (a, b) => a - b),
    mocks: both(to.mocks, from.mocks, (a, b) => a - b),
  };
}

/** Two stretches as one. */
export function sumOf(one: Flood, other: Flood): Flood {
  const add = (a: number, b: number) => a + b;
  return {
    listings: one.listings + other.listings,
    tookS: one.tookS + other.tookS,
    ms: {
      gateway: one.ms.gateway + other.ms.gateway,
      postgres: both(one.ms.postgres, other.ms.postgres, add),
      mocks: both(one.ms.mocks, other.ms.mocks, add),
    },
  };
}

/** Microseconds of processor time for each listing; null where the system does not say. */
export function microsEach({ listings, ms }: Flood, of: keyof ProcessorTimes): number | null {
  const taken = ms[of];
  return taken === undefined ? null : Math.round((1000 * taken) / listings);
}

function both(
  one: number | undefined,
  other: number | undefined,
  join: (one: number, other: number) => number,
): number | undefined {
  return one === undefined || other === undefined ? undefined : join(one, other);
}
