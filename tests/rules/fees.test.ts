import fc from 'fast-check';
import { feesOf } from '../../src/rules/fees.ts';
import { runs } from './arbitrary.ts';
import { books, bookWith } from './fixtures.ts';

const { ctex, stex, szse } = books;
const fee = (priceFen: bigint, book = ctex) => feesOf(priceFen, book, '2026-03-02')?.sellerFen;

test.each([
  // [price in fen, fee in fen]: 1.0 % to 1 million yuan, 0.6 % to 10 million, 0.3 % above, at least 1,000 yuan.
  [0n, 100_000n],
  [10_000_000n, 100_000n],
  [10_000_049n, 100_000n],
  [10_000_050n, 100_001n],
  [99_999_999n, 1_000_000n],
  [100_000_000n, 1_000_000n],
  [100_000_001n, 1_000_000n],
  [100_000_083n, 1_000_000n],
  [100_000_084n, 1_000_001n],
  [999_999_999n, 6_400_000n],
  [1_000_000_000n, 6_400_000n],
  [1_000_000_166n, 6_400_000n],
  [1_000_000_167n, 6_400_001n],
  [2_000_000_000n, 9_400_000n],
])('ctex takes progressively: of %s fen, %s fen', (price, expected) => {
  expect(fee(price)).toBe(expected);
});

test.each([
  [100n, 1n],
  [99n, 0n],
  [4_000_000_000n, 20_000_000n],
  [4_000_000_001n, 20_000_000n],
  [3_999_999_900n, 20_000_000n],
  [3_999_999_899n, 19_999_999n],
])('stex takes 0.5 %%, at most 200,000 yuan: of %s fen, %s fen', (price, expected) => {
  expect(fee(price, stex)).toBe(expected);
});

test.each([
  [0n, 200_000n],
  [100_000_249n, 200_000n],
  [100_000_250n, 200_001n],
  [9_007_199_254_740_991n, 18_014_398_509_482n],
])('szse takes 0.2 %%, at least 2,000 yuan: of %s fen, %s fen', (price, expected) => {
  expect(fee(price, szse)).toBe(expected);
});

test('both sides pay the same and the clause is named; on a day without rulebook there is no fee', () => {
  expect(feesOf(1_000n, stex, '2026-03-02T10:00:00+08:00')).toEqual({
    sellerFen: 5n,
    buyerFen: 5n,
    clause: 'stex.fees',
  });
  expect(feesOf(1_000n, stex, '2025-12-31')).toBeUndefined();
});

test('a flat schedule takes the whole price by the tier it lies in', () => {
  const flat = bookWith('stex', {
    fees: { method: 'flat', tiers: [{ upTo: '100.00', rate: '0.10' }, { rate: '0.01' }] },
  });
  expect([fee(10_000n, flat), fee(10_001n, flat)]).toEqual([1_000n, 100n]);
});

test('a progressive fee never falls as the price rises, and one more fen never costs more than one fen', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 3_000_000_000n }), (price) => {
      const step = (fee(price + 1n) as bigint) - (fee(price) as bigint);
      return step === 0n || step === 1n;
    }),
    runs,
  );
});
