import type { Exchange } from '../contract/exchange.ts';

/** How far two amounts of one pair of exchanges may differ and still be let pass: the larger of both bounds. */
export interface Tolerance {
  /** In either order. */
  readonly pair: readonly [Exchange, Exchange];
  readonly currency: 'CNY';
  readonly absoluteFen: bigint;
  /** Hundredths of a per cent of the journal's amount. */
  readonly bps: bigint;
}

/** What may differ, in fen; 0n where nothing is agreed for the pair. Rounded down. */
export function toleratedFen(
  tolerances: readonly Tolerance[],
  home: Exchange,
  host: Exchange,
  amountFen: bigint,
): bigint {
  const agreed = tolerances.find(({ pair }) => pair.includes(home) && pair.includes(host));
  if (agreed === undefined) return 0n;
  const relative = (amountFen * agreed.bps) / 10_000n;
  return relative > agreed.absoluteFen ? relative : agreed.absoluteFen;
}
