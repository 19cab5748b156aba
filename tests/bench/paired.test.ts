import { criticalRankSum, judged, lossOf } from '../../bench/paired.ts';

describe('what the second of a pair lost', () => {
  // Critical values of the signed-rank test, two-sided 0.05, as printed in tables (F. Wilcoxon, R. A. Wilcox 1964).
  it.each([
    [6, 0],
    [7, 2],
    [8, 3],
    [9, 5],
    [10, 8],
    [11, 10],
    [12, 13],
    [15, 25],
    [20, 52],
    [25, 89],
    [30, 137],
    [50, 434],
  ])('of %i pairs the critical rank sum is that of the printed table', (n, critical) => {
    expect(criticalRankSum(n)).toBe(critical);
  });

  it('fewer than six pairs give no interval, and nothing is judged by them', () => {
    const loss = lossOf([
      [100, 50],
      [100, 50],
      [100, 50],
      [100, 50],
      [100, 50],
    ]);
    expect(loss).toEqual({ estimate: 50 });
    expect(judged(loss, 1)).toBe('undecided');
  });

  // Depression scores before and after, Hollander & Wolfe 1973, table 3.1; their estimate and interval are of the fall.
  it('the worked example of the book comes out', () => {
    const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    // As losses of 100 each, so that the difference itself is judged.
    const { estimate } = lossOf(before.map((value, i) => [100, 100 - (value - after[i]!)]));
    expect(estimate).toBeCloseTo(0.46, 10);
  });

  it('one spoilt pair does not move the figure away from what the others say', () => {
    const rates = [0.2, 0.3, 0.1, 0.25, 0.15, 0.3, 0.2, 0.22, 0.18].map((loss) => [100, 100 - loss] as const);
    const { estimate, high } = lossOf([...rates, [100, 40]]);
    expect(estimate).toBeGreaterThan(0.15);
    expect(estimate).toBeLessThan(0.3);
    expect(high).toBeLessThan(40);
  });

  it('in 95 of 100 cases the interval holds what was put in', () => {
    let state = Number(process.env.QIAO_SEED ?? 20260302);
    const seed = state;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    // A sum of twelve uniform numbers is near enough to the bell curve.
    const noise = () => Array.from({ length: 12 }, random).reduce((sum, one) => sum + one, -6);
    let held = 0;
    for (let run = 0; run < 1_000; run++) {
      const { low, high } = lossOf(
        Array.from({ length: 20 }, () => [300 * (1 + noise() / 30), 300 * 0.98 * (1 + noise() / 30)] as const),
      );
      // The ratio of two noisy figures is itself a little off: noise² of 0.1 %.
      if (low! <= 2 && high! >= 2) held += 1;
    }
    expect({ seed, held: held >= 920 && held <= 980 }).toEqual({ seed, held: true });
  });

  it('is below, above or undecided by where the whole interval lies', () => {
    expect(judged({ estimate: 0.2, low: -0.5, high: 0.9 }, 1)).toBe('below');
    expect(judged({ estimate: 1.2, low: 0.5, high: 1.9 }, 1)).toBe('undecided');
    expect(judged({ estimate: 2, low: 1.1, high: 2.9 }, 1)).toBe('above');
  });
});
