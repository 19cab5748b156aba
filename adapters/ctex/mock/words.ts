/** CTEX's own words, copied from its profile by hand and on purpose not shared with the adapter's code tables. */

export const dealTypes: Record<string, string> = {
  development: 'KF',
  transfer: 'ZR',
  license: 'XK',
  consulting: 'ZX',
  service: 'FW',
  'equity-contribution': 'RG',
};
export const scopes: Record<string, string> = { exclusive: 'DZ', sole: 'PT2', ordinary: 'PT' };
export const modes: Record<string, string> = {
  agreement: 'XY',
  listing: 'GP',
  auction: 'PM',
  bidding: 'JJ',
  tender: 'ZB',
};
export const rights: Record<string, string> = {
  invention: 'FM',
  'utility-model': 'SYXX',
  design: 'WG',
  'patent-application': 'SQ',
  software: 'RJ',
  'ic-layout': 'JC',
  'plant-variety': 'ZW',
  'bio-variety': 'SW',
  'know-how': 'MM',
  other: 'QT',
};
export const natures: Record<string, string> = {
  'state-owned': 'GYQY',
  'public-rnd': 'GLYS',
  private: 'MYQY',
  foreign: 'WZ',
  'natural-person': 'ZRR',
};
export const priceKinds: Record<string, string> = { fixed: 'GD', reserve: 'DJ', negotiable: 'MY' };
export const plans: Record<string, string> = {
  'lump-sum': 'YC',
  instalments: 'FQ',
  royalty: 'TC',
  'upfront-and-royalty': 'RT',
};
export const exportControls: Record<string, string> = { none: 'N', restricted: 'X', prohibited: 'J' };
export const legs: Record<string, string> = {
  'deposit-held': 'DEPOSIT_IN',
  'deposit-returned': 'DEPOSIT_OUT',
  'price-paid': 'PRICE',
  'fee-paid': 'FEE',
  refund: 'REFUND',
};
export const documents: readonly string[] = ['QSZM', 'PGBG', 'JCWJ', 'CNH', 'HTYB', 'GSZM'];
export const fields: readonly string[] = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11'];
export const others: readonly string[] = ['STEX', 'SZSE'];

/** The word for it, or the desk has asked for what CTEX does not have. */
export function say(table: Record<string, string>, meaning: string): string {
  const word = Object.hasOwn(table, meaning) ? table[meaning] : undefined;
  if (word === undefined) throw new Error(`CTEX has no word for ${meaning}`);
  return word;
}

/** Fen in 万元, as short as it goes. */
export function wan(fen: bigint): string {
  const fraction = String(fen % 1_000_000n).padStart(6, '0');
  return `${fen / 1_000_000n}.${fraction}`.replace(/\.?0+$/, '');
}

/** Fen in 元, two decimals. */
export function yuan(fen: bigint): string {
  return `${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`;
}

/** `2026-03-02T09:30:00+08:00` → `2026-03-02 09:30:00`. */
export function clock(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 19)}`;
}

/** Now in Asia/Shanghai, as CTEX writes it. */
export function clockAt(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}
