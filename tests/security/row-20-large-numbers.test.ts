import fc from 'fast-check';
import { parseJson } from '../../src/contract/json.ts';
import { formatFen, parseFen } from '../../src/contract/money.ts';

/** Threat 20: numbers that lose their last digits, or become Infinity, on the way through a float. */

test.each(['12345678901234567890', '9007199254740993', '1E400', '1e5', '0.1', '1.0', '-0', '0x10', '01', '1_000'])(
  'the JSON number %s is refused',
  (number) => {
    expect(parseJson(Buffer.from(`{"n":${number}}`)).ok).toBe(false);
  },
);

test.each([
  '12345678901234567890.00',
  '1E400',
  '1e5',
  'Infinity',
  'NaN',
  '0x10',
  '-1.00',
  '+1.00',
  '1,0.00',
  '１.00',
  '',
])('the amount %p is refused', (amount) => {
  expect(parseFen(amount, 'yuan').ok).toBe(false);
});

test('an amount with a fraction of a fen is refused and not rounded', () => {
  expect(parseFen('0.005', 'yuan')).toMatchObject({ ok: false, refusals: [{ code: 'fen-fraction' }] });
  expect(parseFen('0.0000001', 'wan-yuan')).toMatchObject({ ok: false, refusals: [{ code: 'fen-fraction' }] });
});

test('every amount comes back to the fen, in every unit', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 9_007_199_254_740_991n }), (fen) => {
      for (const unit of ['yuan', 'wan-yuan', 'fen'] as const) {
        expect(parseFen(formatFen(fen, unit), unit)).toEqual({ ok: true, value: fen });
      }
    }),
  );
});
