import type { Exchange } from './generated/messages.ts';

export type { Exchange } from './generated/messages.ts';

/** The three exchanges, in the order in which they are always listed. */
export const exchanges: readonly Exchange[] = ['ctex', 'stex', 'szse'];

/** Full names, as the exchanges write them. */
export const exchangeNames: Readonly<Record<Exchange, { readonly zh: string; readonly en: string }>> = {
  ctex: { zh: '中国技术交易所', en: 'China Technology Exchange' },
  stex: { zh: '上海技术交易所', en: 'Shanghai Technology Exchange' },
  szse: { zh: '深交所科交中心', en: 'SZSE Technology and IP Exchange' },
};

/** A participant of the federation: an exchange, or the gateway itself. */
export type Participant = Exchange | 'qiao';

export function isExchange(text: unknown): text is Exchange {
  return text === 'ctex' || text === 'stex' || text === 'szse';
}

/** `ctex` + `TJ2026-1` → `ctex:TJ2026-1`. */
export function idOf(exchange: Exchange, nativeId: string): string {
  return `${exchange}:${nativeId}`;
}

/** `ctex:TJ2026-1` → `TJ2026-1`; native ids are opaque and may hold colons themselves. */
export function nativeIdOf(id: string): string {
  return id.slice(5);
}

/** `ctex:TJ2026-1` → `ctex`. The id must have been checked. */
export function exchangeOf(id: string): Exchange {
  return id.slice(0, 4) as Exchange;
}
