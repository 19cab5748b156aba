import fc from 'fast-check';
import { sumsTo } from '../../../src/clearing/subset.ts';
import { type Leftover, suggestionsFor } from '../../../src/clearing/suggest.ts';

let count = 0;
const leftover = (code: Leftover['code'], dealId: string, price: string, more: Partial<Leftover> = {}): Leftover => ({
  breakId: `b${++count}`,
  dealId,
  code,
  home: 'ctex',
  host: 'stex',
  businessDate: '2026-03-02',
  said: { buyer: 'B', seller: 'S', price, nativeNumber: 'n' },
  ...more,
});

describe('suggestions for what stands alone', () => {
  it('pair a deal with the row that has its terms under another number, on both ends', () => {
    const deal = leftover('P101', 'ctex:CJ2026-10', '128.50');
    const row = leftover('P010', 'ctex:ＣＪ2026-1O', '128.50');
    const other = leftover('P010', 'ctex:CJ2026-77', '128.51');
    const found = suggestionsFor([deal, other, row]);
    expect(found.get(deal.breakId)).toMatchObject([{ kind: 'REF', rank: 1, ambiguous: false, deals: [row.dealId] }]);
    expect(found.get(deal.breakId)![0]!.reasons.map(({ zh }) => zh)).toContain('编号仅写法不同');
    expect(found.get(row.breakId)).toMatchObject([{ kind: 'REF', deals: [deal.dealId] }]);
    expect(found.has(other.breakId)).toBe(false);
  });

  it('never cross books, directions or parties', () => {
    const deal = leftover('P101', 'ctex:1', '128.50');
    const apart = [
      leftover('P100', 'ctex:2', '128.50'),
      leftover('P010', 'ctex:3', '128.50', { host: 'szse' }),
      leftover('P010', 'ctex:4', '128.50', { said: { ...deal.said, buyer: 'X' } }),
    ];
    expect(suggestionsFor([deal, ...apart]).size).toBe(0);
  });

  it('say when several are as good, and show at most three', () => {
    const deal = leftover('P011', 'ctex:1', '5.00');
    const rows = [2, 3, 4, 5].map((n) => leftover('P100', `ctex:${n}`, '5.00'));
    const found = suggestionsFor([deal, ...rows]).get(deal.breakId)!;
    expect(found.map(({ rank, ambiguous }) => [rank, ambiguous])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  it('find the parts of a deal that was split', () => {
    const deal = leftover('P101', 'ctex:1', '100.00');
    const parts = ['30.00', '70.00', '55.00'].map((price, n) => leftover('P010', `ctex:1-${n}`, price));
    const found = suggestionsFor([deal, ...parts]);
    expect(found.get(deal.breakId)).toMatchObject([{ kind: 'SPL', deals: ['ctex:1-0', 'ctex:1-1'] }]);
    expect(found.has(parts[2]!.breakId)).toBe(false);
  });
});

describe('subsets that add up', () => {
  it('are found wherever one was hidden, and every one found does add up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(1n, 10_000_000n), { minLength: 2, maxLength: 20 }),
        fc.infiniteStream(fc.boolean()),
        (items, taken) => {
          const hidden = items.filter(() => taken.next().value);
          fc.pre(hidden.length >= 2);
          const target = hidden.reduce((sum, one) => sum + one, 0n);
          const found = sumsTo(items, target, 3);
          expect(found.length).toBeGreaterThan(0);
          for (const at of found) expect(at.reduce((sum, one) => sum + items[one]!, 0n)).toBe(target);
        },
      ),
    );
  });

  it('are not looked for among so many that sums meet by accident', () => {
    expect(() => sumsTo(new Array(25).fill(1n), 2n, 1)).toThrow(RangeError);
  });
});
