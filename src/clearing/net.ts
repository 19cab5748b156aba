import { type Exchange, exchanges } from '../contract/exchange.ts';

/** One thing one exchange owes another: the fee of one deal, in fen. Negative: what a reversal takes back. */
export interface Obligation {
  readonly dealId: string;
  /** Version of the deal or number of the entry: the same (deal, entry, currency) counts once, however often it comes. */
  readonly entry: string;
  readonly debtor: Exchange;
  readonly creditor: Exchange;
  readonly currency: string;
  readonly fen: bigint;
}

/** One payment that settles part of the net. */
export interface Leg {
  readonly from: Exchange;
  readonly to: Exchange;
  readonly fen: bigint;
}

/** The net of one currency. Positions add up to zero to the fen; legs bring every position to zero. */
export interface Net {
  readonly currency: string;
  /** What i owes j in all, before netting. */
  readonly gross: Readonly<Record<Exchange, Readonly<Record<Exchange, bigint>>>>;
  /** What i gets (positive) or pays in (negative): Σ_j (g_ji − g_ij). */
  readonly positions: Readonly<Record<Exchange, bigint>>;
  /** Sum of the positive positions: the money that really moves. */
  readonly payIn: bigint;
  /** At most one less than there are exchanges. */
  readonly legs: readonly Leg[];
}

/**
 * Nets obligations multilaterally, one net for each currency, in the order of their codes.
 *
 * The order of the obligations, a split into parts or a replay change nothing. Only inter-exchange fees are netted; client money settles gross.
 * @throws RangeError (assertion) when an exchange owes itself, or one entry is given twice with different amounts
 */
export function netObligations(obligations: readonly Obligation[]): readonly Net[] {
  const once = new Map<string, Obligation>();
  for (const one of obligations) {
    if (one.debtor === one.creditor) throw new RangeError(`assertion: ${one.debtor} owes itself (${one.dealId})`);
    const key = JSON.stringify([one.dealId, one.entry, one.currency, one.debtor, one.creditor]);
    const known = once.get(key);
    if (known !== undefined && known.fen !== one.fen) throw new RangeError(`assertion: ${key} twice, unequal`);
    once.set(key, one);
  }
  const currencies = [...new Set([...once.values()].map(({ currency }) => currency))].sort();
  return currencies.map((currency) =>
    netOf(
      currency,
      [...once.values()].filter((one) => one.currency === currency),
    ),
  );
}

function netOf(currency: string, obligations: readonly Obligation[]): Net {
  const gross = byExchange(() => byExchange(() => 0n));
  for (const { debtor, creditor, fen } of obligations) gross[debtor][creditor] += fen;
  const positions = byExchange((i) => exchanges.reduce((sum, j) => sum + gross[j][i] - gross[i][j], 0n));
  const payIn = exchanges.reduce((sum, i) => (positions[i] > 0n ? sum + positions[i] : sum), 0n);
  return { currency, gross, positions, payIn, legs: legsOf(positions) };
}

/** Whoever owes most pays whoever is owed most: each leg brings one of the two to zero. */
function legsOf(positions: Readonly<Record<Exchange, bigint>>): readonly Leg[] {
  const open = { ...positions };
  const legs: Leg[] = [];
  for (;;) {
    const from = exchanges.reduce((least, i) => (open[i] < open[least] ? i : least));
    const to = exchanges.reduce((most, i) => (open[i] > open[most] ? i : most));
    if (open[to] <= 0n) return legs;
    const fen = -open[from] < open[to] ? -open[from] : open[to];
    legs.push({ from, to, fen });
    open[from] += fen;
    open[to] -= fen;
  }
}

function byExchange<T>(make: (exchange: Exchange) => T): Record<Exchange, T> {
  return { ctex: make('ctex'), stex: make('stex'), szse: make('szse') };
}
