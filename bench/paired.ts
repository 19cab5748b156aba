/** How much slower, in per cent; below 0: faster. */
export interface Loss {
  readonly estimate: number;
  /** The true figure lies between these in 95 of 100 runs; absent with fewer than six pairs, which cannot say so. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * What the second of each pair lost against the first, by the signed ranks of Wilcoxon: the estimate of Hodges and
 * Lehmann with its exact interval. Pairs are independent, and one into which something else fell (a checkpoint of the
 * database) does not move the figure as it would move a mean.
 *
 * Source: M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods, 1973, 3.2 and 3.3.
 */
export function lossOf(pairs: readonly (readonly [without: number, with_: number])[]): Loss {
  const losses = pairs.map(([without, with_]) => 100 * (1 - with_ / without));
  const halves = losses.flatMap((one, i) => losses.slice(i).map((other) => (one + other) / 2)).sort((a, b) => a - b);
  const middle = halves.length / 2;
  const estimate = (halves[Math.ceil(middle) - 1]! + halves[Math.floor(middle)]!) / 2;
  const critical = criticalRankSum(losses.length);
  if (critical === undefined) return { estimate };
  return { estimate, low: halves[critical]!, high: halves[halves.length - 1 - critical]! };
}

/** The highest rank sum of `n` pairs that chance alone does not exceed on one side in 2.5 of 100 cases. */
export function criticalRankSum(n: number): number | undefined {
  // ways[s]: how many of the 2ⁿ ways to give signs to the ranks 1 to n have s as the sum of the positive ones.
  let ways = [1];
  for (let rank = 1; rank <= n; rank++) {
    const without = ways;
    ways = Array.from({ length: without.length + rank }, (_, s) => (without[s] ?? 0) + (without[s - rank] ?? 0));
  }
  let share = 0;
  let sum = 0;
  for (; sum < ways.length; sum++) {
    share += ways[sum]! / 2 ** n;
    if (share > 0.025) break;
  }
  return sum === 0 ? undefined : sum - 1;
}

/** Whether a loss is shown to be below a bound, above it, or neither: then more pairs are needed. */
export function judged({ low, high }: Loss, boundPercent: number): 'below' | 'above' | 'undecided' {
  if (high !== undefined && high < boundPercent) return 'below';
  return low !== undefined && low > boundPercent ? 'above' : 'undecided';
}
