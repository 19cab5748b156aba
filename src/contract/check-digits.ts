/** Check digits of Chinese codes. Each function says whether the code is right; none repairs. */

const USCC_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const USCC_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/** 统一社会信用代码, GB 32100-2015: 18 characters without I O S V Z, the last a check digit modulo 31. */
export function isUscc(code: string): boolean {
  if (code.length !== 18) return false;
  let sum = 0;
  for (let i = 0; i < 17; i++) {
    const value = USCC_ALPHABET.indexOf(code[i]!);
    if (value < 0) return false;
    sum += value * USCC_WEIGHTS[i]!;
  }
  return code[17] === USCC_ALPHABET[(31 - (sum % 31)) % 31];
}

const APPLICATION = /^(\d{12}|\d{8})\.?([\dX])$/;
const WEIGHTS = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
const REMAINDERS = '0123456789X';

/**
 * Reads a Chinese patent application number as exchanges write it (with or without ZL, spaces, point, lower-case x,
 * full-width digits) into its canonical form `202310123456.6`; undefined when it is none or the check digit is wrong.
 *
 * Twelve digits and a check digit since 2003-10, eight before; weights 2…9, 2…5 modulo 11, remainder 10 written X.
 */
export function readApplicationNumber(text: string): string | undefined {
  const plain = halfWidth(text).replace(/\s+/g, '').toUpperCase().replace(/^ZL/, '');
  const match = APPLICATION.exec(plain);
  if (match === null) return undefined;
  const digits = match[1]!;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) sum += Number(digits[i]) * WEIGHTS[i]!;
  return REMAINDERS[sum % 11] === match[2] ? `${digits}.${match[2]}` : undefined;
}

/** Full-width letters, digits and points in their ASCII form; not NFKC, which would also read ① as 1. */
function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
}

/** IP types whose number is a granted patent's, `ZL` and the application number. */
export const PATENTS: readonly string[] = ['invention', 'utility-model', 'design'];

/** The canonical number of an IP right of that type, or undefined when it cannot be one. */
export function canonicalIpNumber(type: string, text: string): string | undefined {
  if (PATENTS.includes(type)) {
    const number = readApplicationNumber(text);
    return number === undefined ? undefined : `ZL${number}`;
  }
  if (type === 'patent-application') return readApplicationNumber(text);
  return text.length >= 1 && text.length <= 64 ? text : undefined;
}
