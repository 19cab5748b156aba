/** Forms of single values, as the profile writes them. */
export type Check = (text: string) => boolean;

export const amount: Check = (text) => /^(0|[1-9]\d{0,2}(,\d{3}){0,5})\.\d\d$/.test(text);
export const version: Check = (text) => /^[1-9]\d{0,6}$/.test(text);
export const day: Check = (text) => /^\d{8}$/.test(text) && exists(text);
export const moment: Check = (text) => /^\d{8}([01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(text) && exists(text.slice(0, 8));

function exists(text: string): boolean {
  const [year, month, date] = [Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6, 8))];
  const made = new Date(Date.UTC(year, month - 1, date));
  return made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === date;
}

const SYMBOLS = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** 统一社会信用代码, its last character modulo 31. */
export const creditCode: Check = (text) => {
  if (text.length !== 18) return false;
  let sum = 0;
  let weight = 1;
  for (const symbol of text.slice(0, 17)) {
    const value = SYMBOLS.indexOf(symbol);
    if (value < 0) return false;
    sum += value * weight;
    weight = (weight * 3) % 31;
  }
  return text[17] === SYMBOLS[(31 - (sum % 31)) % 31];
};

/** 专利申请号 with its check digit. */
export const patentNumber: Check = (text) => {
  const match = /^(\d{8}|\d{12})\.?([\dX])$/.exec(text);
  if (match === null) return false;
  let sum = 0;
  for (const [i, digit] of [...match[1]!].entries()) sum += Number(digit) * ((i % 8) + 2);
  return '0123456789X'[sum % 11] === match[2];
};

/** Fen of an amount already checked. */
export function fenOf(text: string): bigint {
  return BigInt(text.replaceAll(/[,.]/g, ''));
}

export function yuanOf(fen: bigint): string {
  const digits = fen.toString().padStart(3, '0');
  return `${digits.slice(0, -2).replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${digits.slice(-2)}`;
}
