import type { Money } from './generated/messages.ts';
import { accepted, type Checked, refuse, refused } from './refusal.ts';

export type { Money } from './generated/messages.ts';

/**
 * The largest amount taken, in fen: 2^53 − 1. Beyond it every spreadsheet and every JSON reader on the way
 * would silently round, so nothing beyond it is let in.
 */
export const MAX_FEN = 9_007_199_254_740_991n;

/** Which unit a native amount is written in: how many decimals make one fen. */
export type MoneyUnit = 'yuan' | 'wan-yuan' | 'fen';

const DECIMALS: Readonly<Record<MoneyUnit, number>> = { yuan: 2, 'wan-yuan': 6, fen: 0 };
const PLAIN = /^(0|[1-9]\d*)(?:\.(\d+))?$/;

/**
 * Reads an amount written as a plain decimal string in `unit` into fen.
 *
 * Refuses signs, exponents, hex, separators, spaces, and a point where the unit is the fen (`bad-money`), a fraction
 * of a fen (`fen-fraction`), negatives (`negative-money`) and anything beyond {@link MAX_FEN} (`money-too-large`).
 * Nothing is rounded.
 */
export function parseFen(text: unknown, unit: MoneyUnit, pointer = ''): Checked<bigint> {
  if (typeof text !== 'string') return refused(refuse('bad-money', pointer));
  const match = PLAIN.exec(text);
  if (match === null) {
    const code = /^-\d/.test(text) ? 'negative-money' : 'bad-money';
    return refused(refuse(code, pointer, shown(text)));
  }
  const decimals = DECIMALS[unit];
  const fraction = match[2] ?? '';
  if (/[1-9]/.test(fraction.slice(decimals))) return refused(refuse('fen-fraction', pointer, shown(text)));
  if (decimals === 0 && fraction !== '') return refused(refuse('bad-money', pointer, shown(text)));
  // BigInt reads long digits in quadratic time, so length is looked at first.
  const whole = match[1]!;
  const fen = whole.length > 16 ? undefined : BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
  if (fen === undefined || fen > MAX_FEN) return refused(refuse('money-too-large', pointer, shown(text)));
  return accepted(fen);
}

/** Writes fen in `unit`: yuan with exactly two decimals, 万元 as short as it goes, fen as an integer; differences may be negative. */
export function formatFen(fen: bigint, unit: MoneyUnit): string {
  if (fen < 0n) return `-${formatFen(-fen, unit)}`;
  const decimals = DECIMALS[unit];
  if (decimals === 0) return fen.toString();
  const digits = fen.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, -decimals);
  const fraction = digits.slice(-decimals);
  if (unit === 'yuan') return `${whole}.${fraction}`;
  const short = fraction.replace(/0+$/, '');
  return short === '' ? whole : `${whole}.${short}`;
}

/** Unified money of an amount in fen. */
export function yuan(fen: bigint): Money {
  return { amount: formatFen(fen, 'yuan'), currency: 'CNY' };
}

/** Fen of unified money that has been checked already. */
export function fenOf(money: Money): bigint {
  return BigInt(money.amount.replace('.', ''));
}

/** True for the one written form of unified money: no leading zero, exactly two decimals, within {@link MAX_FEN}. */
export function isYuan(text: string): boolean {
  return /^(0|[1-9]\d{0,13})\.\d{2}$/.test(text) && BigInt(text.replace('.', '')) <= MAX_FEN;
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
