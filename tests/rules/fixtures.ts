import { readFileSync } from 'node:fs';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { Rulebook as RulebookDocument } from '../../src/contract/generated/messages.ts';
import type { Listing, Party } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { type Rulebook, readRulebook } from '../../src/rules/rulebook.ts';

/** A deep, writable copy. */
export function copy<T>(value: T): T {
  return structuredClone(value);
}

/** The rulebook as shipped with the exchange's adapter, version 1. */
export function document(exchange: Exchange): RulebookDocument {
  const file = new URL(`../../adapters/${exchange}/rulebook.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as RulebookDocument;
}

export function read(json: unknown): Rulebook {
  const book = readRulebook(json);
  if (!book.ok) throw new Error(`not a rulebook: ${JSON.stringify(book.refusals)}`);
  return book.value;
}

/** The shipped rulebook with the values of some dimensions replaced. */
export function bookWith(exchange: Exchange, values: Readonly<Record<string, unknown>> = {}): Rulebook {
  const json = document(exchange);
  for (const clause of json.clauses) if (clause.dimension in values) clause.value = values[clause.dimension] as never;
  return read(json);
}

export const books: Readonly<Record<Exchange, Rulebook>> = {
  ctex: bookWith('ctex'),
  stex: bookWith('stex'),
  szse: bookWith('szse'),
};

export const seller: Party = { name: '示例卖方有限公司', kind: 'legal', nature: 'private', country: '142' };
export const buyer: Party = { name: '示例买方有限公司', kind: 'legal', nature: 'private', country: '142' };

/** A private listing at the home that every exchange's rules take as it is, published on 2026-03-02. */
export function listing(home: Exchange, over: Partial<Listing> = {}): Listing {
  return {
    kind: 'listing',
    id: `${home}:T-1`,
    version: 1,
    home,
    nativeId: 'T-1',
    direction: 'supply',
    status: 'published',
    title: '一种示例技术',
    dealType: 'transfer',
    object: { type: 'know-how', field: '06', ip: [{ type: 'know-how', title: '示例', holders: ['示例卖方有限公司'] }] },
    seller,
    regime: 'private',
    mode: 'listing',
    price: { kind: 'fixed', amount: { amount: '1285000.00', currency: 'CNY' } },
    disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-30', days: 20, dayKind: 'working' },
    payment: { plan: 'lump-sum' },
    export: 'none',
    publishedAt: '2026-03-02T09:30:00+08:00',
    ...over,
  };
}

/** The fixture itself must be a message an exchange could have sent. */
export function isMessage(value: Listing): boolean {
  return parseMessage(JSON.parse(JSON.stringify(value))).ok;
}
