import fc from 'fast-check';
import { fenOf, formatFen, isYuan, MAX_FEN, type MoneyUnit, parseFen, yuan } from '../../src/contract/money.ts';
import { fen, yuanText } from '../support/values.ts';

const units: readonly MoneyUnit[] = ['yuan', 'wan-yuan', 'fen'];

function read(text: unknown, unit: MoneyUnit): bigint | string {
  const amount = parseFen(text, unit, '/price');
  if (amount.ok) return amount.value;
  expect(amount.refusals[0]!.pointer).toBe('/price');
  return amount.refusals[0]!.code;
}

describe('amounts of money', () => {
  test.each<[string, MoneyUnit, bigint | string]>([
    ['128.5', 'wan-yuan', 128_500_000n],
    ['0.000001', 'wan-yuan', 1n],
    ['0.0000001', 'wan-yuan', 'fen-fraction'],
    ['1285000.00', 'yuan', 128_500_000n],
    ['0.01', 'yuan', 1n],
    ['0.001', 'yuan', 'fen-fraction'],
    ['0.010', 'yuan', 1n],
    ['7', 'yuan', 700n],
    ['0', 'fen', 0n],
    ['128500000', 'fen', 128_500_000n],
    ['1.5', 'fen', 'fen-fraction'],
    ['1.0', 'fen', 'bad-money'],
    ['90071992547409.91', 'yuan', MAX_FEN],
    ['90071992547409.92', 'yuan', 'money-too-large'],
    ['9007199254.740991', 'wan-yuan', MAX_FEN],
    ['9007199254.740992', 'wan-yuan', 'money-too-large'],
    ['9007199254740991', 'fen', MAX_FEN],
    ['9007199254740992', 'fen', 'money-too-large'],
    [`1${'0'.repeat(400)}`, 'yuan', 'money-too-large'],
    [`0.${'0'.repeat(400)}1`, 'yuan', 'fen-fraction'],
    ['-1', 'yuan', 'negative-money'],
    ['-0.01', 'wan-yuan', 'negative-money'],
    ['+1', 'yuan', 'bad-money'],
    ['1e3', 'yuan', 'bad-money'],
    ['0x10', 'fen', 'bad-money'],
    ['1,285,000.00', 'yuan', 'bad-money'],
    ['１２８', 'yuan', 'bad-money'],
    ['01', 'yuan', 'bad-money'],
    ['1.', 'yuan', 'bad-money'],
    ['.5', 'yuan', 'bad-money'],
    ['', 'yuan', 'bad-money'],
    [' 1', 'yuan', 'bad-money'],
    ['1\n', 'yuan', 'bad-money'],
    ['NaN', 'yuan', 'bad-money'],
    ['Infinity', 'yuan', 'bad-money'],
  ])('%s in %s reads as %s', (text, unit, expected) => {
    expect(read(text, unit)).toBe(expected);
  });

  test('only text is an amount', () => {
    for (const value of [1, null, undefined, true, [], {}, 1n]) expect(read(value, 'yuan')).toBe('bad-money');
  });

  test.each(units)('what is written in %s is read again as the same fen', (unit) => {
    fc.assert(
      fc.property(fen, (amount) => {
        expect(read(formatFen(amount, unit), unit)).toBe(amount);
      }),
    );
  });

  test('trailing noughts change nothing, in yuan and 万元', () => {
    fc.assert(
      fc.property(fen, fc.nat(9), (amount, noughts) => {
        const text = `${amount / 100n}.${String(amount % 100n).padStart(2, '0')}${'0'.repeat(noughts)}`;
        expect(read(text, 'yuan')).toBe(amount);
      }),
    );
  });

  test('anything finer than a fen is refused and never rounded', () => {
    fc.assert(
      fc.property(fen, fc.integer({ min: 1, max: 9 }), fc.nat(5), (amount, digit, noughts) => {
        expect(read(`${yuanText(amount)}${'0'.repeat(noughts)}${digit}`, 'yuan')).toBe('fen-fraction');
      }),
    );
  });

  test('whatever text comes, an amount is read exactly or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.,-+eEx 万') }), (text) => {
        const amount = parseFen(text, 'yuan');
        if (amount.ok) expect(Number(amount.value)).toBe(Math.round(Number(text) * 100));
        else
          expect(['bad-money', 'fen-fraction', 'negative-money', 'money-too-large']).toContain(
            amount.refusals[0]!.code,
          );
      }),
      { numRuns: 1000 },
    );
  });

  test('unified money is yuan with exactly two decimals', () => {
    fc.assert(
      fc.property(fen, (amount) => {
        expect(yuan(amount)).toEqual({ amount: yuanText(amount), currency: 'CNY' });
        expect(fenOf(yuan(amount))).toBe(amount);
        expect(isYuan(yuanText(amount))).toBe(true);
      }),
    );
    for (const text of ['1', '1.0', '1.000', '01.00', '-1.00', '90071992547409.92', '1,000.00', '', '.00']) {
      expect(isYuan(text)).toBe(false);
    }
    expect(isYuan('90071992547409.91')).toBe(true);
    expect(isYuan('0.00')).toBe(true);
  });

  test('a negative difference is written with its sign', () => {
    expect(formatFen(0n, 'yuan')).toBe('0.00');
    expect(formatFen(-5n, 'yuan')).toBe('-0.05');
    expect(formatFen(-128_500_000n, 'wan-yuan')).toBe('-128.5');
    expect(formatFen(-1n, 'fen')).toBe('-1');
  });
});
