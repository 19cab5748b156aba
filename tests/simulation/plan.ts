import type { Random } from '../crash/random.ts';

/** What a seed has in store: how the world is, and what goes wrong in it how often. */
export interface Plan {
  readonly gateways: 1 | 2;
  readonly listings: number;
  /** Numbers an exchange has given before: with an odd one its next listing is not traded but suspended and resumed. */
  readonly listedBefore: 0 | 1;
  /** Latency of a chunk, ms. */
  readonly weather: { readonly leastMs: number; readonly mostMs: number };
  /** Of so many steps of a gateway one is its last. */
  readonly stepsBetweenCrashes: number;
  /** The same for a standstill of its machine. */
  readonly stepsBetweenPauses: number;
  /** The same for the loss of a connection to the database, at a commit without an answer or anywhere. */
  readonly stepsBetweenLosses: number;
  /** Between two faults of a line, ms. */
  readonly lineFaultsMs: number;
  /** Between two misdeeds of an exchange, ms. */
  readonly misdeedsMs: number;
  readonly wakesLost: number;
  /** Exchanges' clocks and gateways' are so far off at most, ms. */
  readonly skewMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export function planOf(random: Random): Plan {
  const { pick } = random;
  return {
    gateways: pick([1, 2, 2]),
    listings: pick([1, 1, 1, 1, 2, 3]),
    listedBefore: pick([0, 0, 0, 1]),
    weather: pick([
      { leastMs: 0.5, mostMs: 5 },
      { leastMs: 2, mostMs: 400 },
      { leastMs: 10, mostMs: 3_000 },
    ]),
    stepsBetweenCrashes: pick([NEVER, 600, 250, 90]),
    stepsBetweenPauses: pick([NEVER, NEVER, 600, 200]),
    stepsBetweenLosses: pick([NEVER, 500, 110]),
    lineFaultsMs: pick([NEVER, 3_000, 1_000]),
    misdeedsMs: pick([NEVER, 1_200, 500]),
    wakesLost: pick([0, 0.3, 1]),
    skewMs: pick([0, 0, 2_000, 120_000]),
  };
}
