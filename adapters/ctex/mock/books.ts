import type { BookEntry } from '../../../src/contract/mock.ts';
import type { Fields } from './checks.ts';

/** A project of CTEX's own. */
export interface Project {
  version: number;
  state: 'PUBLISHED' | 'SUSPENDED' | 'OFFLINE';
}

export interface Mirror extends Project {
  readonly home: string;
}

/** A deal in CTEX's books: its own (HOME), or another exchange's whose buyer is CTEX's (HOST). */
export interface Deal {
  readonly role: 'HOME' | 'HOST';
  readonly homeDealNo?: string;
  readonly counter: string;
  /** Project or mirror. */
  readonly listing: string;
  version: number;
  state: string;
  confirmedVersion: number;
  /** As last written or received. */
  fields: Fields;
  readonly priceFen: bigint;
  readonly feeFen: bigint;
  paidFen: bigint;
  readonly day: string;
}

/** Everything CTEX knows. */
export interface Books {
  readonly projects: Map<string, Project>;
  readonly mirrors: Map<string, Mirror>;
  /** Intent → its listing; `isOwn`: of a CTEX buyer. */
  readonly intents: Map<string, { readonly listing: string; readonly isOwn: boolean }>;
  readonly deals: Map<string, Deal>;
  readonly dealsOfDay: Map<string, string[]>;
  /** `kind STEX:number` → CTEX's own number for it. */
  readonly numbers: Map<string, string>;
  readonly received: Map<string, BookEntry>;
  readonly effects: Map<string, number>;
  readonly turnedDown: { readonly key: string; readonly code: string; readonly text: string }[];
  /** A new number of that kind; the start of the mock is in it, so that a restart gives none out twice. */
  number(prefix: string): string;
}

export function openBooks(startedAtMs: number): Books {
  const start = new Date(startedAtMs + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(2, 14);
  let last = 0;
  return {
    projects: new Map(),
    mirrors: new Map(),
    intents: new Map(),
    deals: new Map(),
    dealsOfDay: new Map(),
    numbers: new Map(),
    received: new Map(),
    effects: new Map(),
    turnedDown: [],
    number: (prefix) => {
      last += 1;
      return `${prefix}${start}-${String(last).padStart(6, '0')}`;
    },
  };
}

/** Puts a deal into the books of its day: signed after 17:00 it belongs to the next one. */
export function bookDeal(books: Books, number: string, signTime: string, deal: Omit<Deal, 'day'>): void {
  const date = signTime.slice(0, 10);
  const day = signTime.slice(11) >= '17:00:00' ? dayAfter(date) : date;
  books.deals.set(number, { ...deal, day });
  const sameDay = books.dealsOfDay.get(day);
  if (sameDay === undefined) books.dealsOfDay.set(day, [number]);
  else sameDay.push(number);
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
