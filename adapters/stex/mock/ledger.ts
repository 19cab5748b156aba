import type { BookEntry, DeskDeal } from '../../../src/contract/mock.ts';

/** What this exchange holds: its own listings and deals, and what came from others under its own numbers. */
export interface Ledger {
  /** Own listings: number → version and state (挂牌, 中止, 终止). */
  readonly projects: Map<string, { version: number; state: ProjectState }>;
  /** Own interests, for which the home's decision comes back. */
  readonly interests: Set<string>;
  readonly deals: Map<string, OwnDeal>;
  /** What others sent, by our number. */
  readonly received: Map<string, BookEntry>;
  /** `<kind> <EXCHANGE>:<its number>` → our number. */
  readonly numbers: Map<string, string>;
  /** Price paid so far by our number of the deal, fen. */
  readonly paidFen: Map<string, bigint>;
  /** A number of our own that was never given out before. */
  nextNumber(prefix: string): string;
}

export type ProjectState = 'listed' | 'suspended' | 'ended';

export interface OwnDeal {
  readonly deal: DeskDeal;
  version: number;
  state: '1' | '2' | '3';
  certificate?: string;
  confirmed: boolean;
}

export function openLedger(year: () => string): Ledger {
  let last = 0;
  return {
    projects: new Map(),
    interests: new Set(),
    deals: new Map(),
    received: new Map(),
    numbers: new Map(),
    paidFen: new Map(),
    nextNumber: (prefix) => `${prefix}${year()}-5${String(++last).padStart(6, '0')}`,
  };
}
