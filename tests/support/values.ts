import fc from 'fast-check';

/**
 * Values of the trade for generated messages. Check digits are computed here from the standards and never with
 * src/contract, so that a mistake there shows.
 */

export const MAX_FEN = 2n ** 53n - 1n;

/** 基本区、扩展区与易错字符: common and rare characters, and what XML, GB18030 and tag=value writers stumble over. */
const CHARACTERS = [
  ...'一种高比能固态电池电解质制备方法工业机器人谐波减速器',
  ...'𠀀龦㐀〇镕囍䶮𫖯𬭚',
  ...'ABCxyz0189',
  ...`-_.()&<>"'=%#/\\|~·—“”（）：、。€äΩ™`,
  '😀',
];

/** Plain text of 1 to `max` UTF-16 units with no blank at either end; `without`: characters left out. */
export function words(max = 200, without = ''): fc.Arbitrary<string> {
  const unit = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...CHARACTERS.filter((c) => !without.includes(c))) },
    { weight: 1, arbitrary: fc.constant(' ') },
  );
  const short = fc.array(unit, { minLength: 1, maxLength: 24 }).map((chars) => chars.join(''));
  const full = fc
    .constantFrom('一', '龦', 'x', '&')
    .filter((c) => !without.includes(c))
    .map((c) => c.repeat(max));
  return fc
    .oneof({ weight: 30, arbitrary: short }, { weight: 1, arbitrary: full })
    .map((text) => text.trim())
    .filter((text) => text.length >= 1 && text.length <= max);
}

/** The exchange's own number of something: opaque, 1 to 64 characters. */
export const nativeId: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 999_999 }).map((n) => `TJ2026-${String(n).padStart(6, '0')}`),
  fc.integer({ min: 0, max: 9999 }).map((n) => `沪技挂2026-${String(n).padStart(4, '0')}`),
  fc.integer({ min: 0, max: 9999 }).map((n) => `KJ:2026/${n}?a=b%20c#d`),
  fc.constantFrom('0', 'M-1', '龦', 'x'.repeat(64), '挂'.repeat(64)),
);

/** Fen from 0.01 yuan to 2^53 − 1 fen, with the edges of every unit. */
export const fen: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(1n, 9n, 10n, 99n, 100n, 101n, 9_999n, 999_999n, 1_000_000n, 1_000_001n, 100_000_000n),
  fc.constantFrom(1_000_000_000n, 128_500_000n, MAX_FEN - 1n, MAX_FEN),
  fc.bigInt({ min: 1n, max: 1_000_000n }),
  fc.bigInt({ min: 1n, max: MAX_FEN }),
  fc.bigInt({ min: 1n, max: 9_007_199n }).map((wan) => wan * 1_000_000n),
);

/** Fen as yuan with two decimals, written independently of src/contract. */
export function yuanText(amount: bigint): string {
  return `${amount / 100n}.${(amount % 100n).toString().padStart(2, '0')}`;
}

export function moneyOf(amount: bigint): { amount: string; currency: 'CNY' } {
  return { amount: yuanText(amount), currency: 'CNY' };
}

export const money = fen.map(moneyOf);

const DAY_MS = 86_400_000;

/** `2026-03-02`, from `first` on for `span` days. */
export function dateFrom(first: string, span: number): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: span }).map((days) => dayAfter(first, days));
}

export function dayAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export const date: fc.Arbitrary<string> = fc.oneof(
  dateFrom('2020-01-01', 5_000),
  fc.constantFrom('2024-02-29', '2026-03-02', '2025-12-31', '2027-01-01', '2028-02-29'),
);

/** RFC 3339 at +08:00; whole seconds unless `milliseconds`. */
export function instant(milliseconds = false): fc.Arbitrary<string> {
  const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
  const clock = fc.oneof(
    fc.tuple(two(23), two(59), two(59)).map((parts) => parts.join(':')),
    fc.constantFrom('00:00:00', '23:59:59', '09:30:00'),
  );
  const fraction = milliseconds ? fc.constantFrom('', '.001', '.5', '.999') : fc.constant('');
  return fc.tuple(date, clock, fraction).map(([day, time, part]) => `${day}T${time}${part}+08:00`);
}

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** The check character of the first 17, GB 32100-2015; its weights are the powers of 3 modulo 31. */
export function usccCheck(seventeen: string): string {
  let [sum, weight] = [0, 1];
  for (const c of seventeen) {
    sum += ALPHABET.indexOf(c) * weight;
    weight = (weight * 3) % 31;
  }
  return ALPHABET[(31 - (sum % 31)) % 31]!;
}

export const uscc: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('91', '92', '12', '11', '53', 'N2'),
    fc.integer({ min: 110_000, max: 659_999 }),
    fc.array(fc.constantFrom(...ALPHABET), { minLength: 9, maxLength: 9 }),
  )
  .map(([kind, region, body]) => `${kind}${region}${body.join('')}`)
  .map((seventeen) => seventeen + usccCheck(seventeen));

/** The check character of the 8 or 12 digits of an application number. */
export function applicationCheck(digits: string): string {
  let sum = 0;
  for (const [i, c] of [...digits].entries()) sum += Number(c) * ((i % 8) + 2);
  return 'X'.padStart(11, '0123456789')[sum % 11]!;
}

/** `202310123456.6`, now and then the eight-digit form from before October 2003; `kinds` are its kind digits. */
export function applicationNumber(kinds: readonly string[]): fc.Arbitrary<string> {
  const digits = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.integer({ min: 2004, max: 2026 }), fc.constantFrom(...kinds), serial(7)) },
    { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 85, max: 99 }), fc.constantFrom(...kinds), serial(5)) },
  );
  return digits.map((parts) => parts.join('')).map((text) => `${text}.${applicationCheck(text)}`);
}

export function serial(length: number): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: 10 ** length - 1 }).map((n) => String(n).padStart(length, '0'));
}

export const sha256: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 })
  .map((digits) => digits.join(''));
