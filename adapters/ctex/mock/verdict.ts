import type { BookEntry } from '../../../src/contract/mock.ts';
import type { Books } from './books.ts';
import type { Fields } from './checks.ts';

/** What an operation ends in. `effect` is what it does to the books, done only when the answer stands. */
export interface Verdict {
  readonly code: string;
  readonly data?: Fields;
  effect?(): void;
}

export type Operation = (fields: Fields, books: Books, number: string) => Verdict;

export const notFound: Verdict = { code: '2001' };
export const badState: Verdict = { code: '2002' };

export function key(kind: string, exchange: unknown, number: unknown): string {
  return `${kind} ${String(exchange)}:${String(number)}`;
}

export function receive(
  books: Books,
  number: string,
  fields: Fields,
  entry: Omit<BookEntry, 'number' | 'fields'>,
): void {
  books.received.set(number, { number, fields, ...entry });
}

/** A new thing of another exchange; told before, it has its number already and 2003 says which. */
export function taken(
  books: Books,
  kind: BookEntry['kind'],
  exchange: unknown,
  foreign: unknown,
  field: string,
  make: () => { prefix: string; effect(number: string): void },
): Verdict {
  const known = books.numbers.get(key(kind, exchange, foreign));
  if (known !== undefined) return { code: '2003', data: { [field]: known } };
  const { prefix, effect } = make();
  const number = books.number(prefix);
  return {
    code: '0000',
    data: { [field]: number },
    effect: () => {
      books.numbers.set(key(kind, exchange, foreign), number);
      effect(number);
    },
  };
}
