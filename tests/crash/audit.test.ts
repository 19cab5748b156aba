import type { Exchange } from '../../src/contract/exchange.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { type Findings, findingNames, judge, type Tables } from './audit.ts';
import type { Order } from './clerk.ts';
import type { Books } from './exchange-process.ts';

/**
 * A run in which all went well: one listing of ctex shown at both others, suspended, traded with stex, paid and
 * certified. Every test spoils one thing in it.
 */
function goodRun() {
  const none = (): Mutable<Books> => ({ received: [], effects: [], turnedDown: [], orders: [] });
  const books: Record<Exchange, Mutable<Books>> = { ctex: none(), stex: none(), szse: none() };
  const order = (from: Exchange, kind: Order['kind'], number: string, to: Exchange[], more: Partial<Order> = {}) =>
    books[from].orders.push({ kind, from, number, to, marks: [number], ...more });
  order('ctex', 'listing', 'L1', ['stex', 'szse']);
  order('ctex', 'listing-state', 'L1', ['stex', 'szse'], { open: false });
  order('stex', 'interest', 'I-L1', ['ctex']);
  order('ctex', 'interest-decision', 'I-L1', ['stex'], { marks: ['YX1'] });
  order('ctex', 'deal', 'D-L1', ['stex']);
  order('stex', 'deal-confirmed', 'D-L1', ['ctex']);
  order('stex', 'funds', 'F-D-L1', ['ctex'], { amountFen: '128500000' });
  order('ctex', 'certificate', 'D-L1', ['stex']);
  const foreign = (exchange: string, foreignNumber: string) => ({ exchange, foreignNumber, fields: {} });
  books.stex.received.push(
    { kind: 'listing', number: 'JX1', state: '2', ...foreign('CTEX', 'L1') },
    { kind: 'interest-decision', number: 'I-L1', fields: {} },
    { kind: 'deal', number: 'CJ1', state: '2', ...foreign('ctex', 'D-L1') },
  );
  books.szse.received.push({ kind: 'listing', number: 'JX2', state: '2', ...foreign('CTEX', 'L1') });
  books.ctex.received.push(
    { kind: 'interest', number: 'YX1', ...foreign('stex', 'I-L1') },
    { kind: 'deal-confirmed', number: 'D-L1', fields: {} },
    { kind: 'funds', number: 'ZJ1', ...foreign('stex', 'F-D-L1'), fields: { amount: '1285000.00' } },
  );
  const rows: [Exchange, string][] = [
    ...(['listing', 'listing-state'] as const).flatMap((kind) => [
      ['stex', kind] as [Exchange, string],
      ['szse', kind] as [Exchange, string],
    ]),
    ['ctex', 'interest'],
    ['stex', 'interest-decision'],
    ['stex', 'deal'],
    ['ctex', 'deal-confirmed'],
    ['ctex', 'funds'],
    ['stex', 'certificate'],
  ];
  const tables: MutableTables = {
    deliveries: rows.map(([exchange, kind], i) => ({
      ...{ no: i + 1, message: `m${i + 1}`, exchange, lane: 'ctex:L1', kind, state: 'accepted' },
    })),
    refusals: [],
    deals: [{ id: 'ctex:D-L1', status: 'certified', cosigned: true }],
    funds: [{ id: 'stex:F-D-L1', amountFen: '128500000' }],
    repeated: [],
    faults: [],
  };
  for (const { exchange, message } of tables.deliveries) books[exchange].effects.push([`${exchange}-${message}`, 1]);
  return { books, tables };
}

type Mutable<Thing> = {
  -readonly [Key in keyof Thing]: Thing[Key] extends readonly (infer One)[] ? One[] : Thing[Key];
};
type MutableTables = Mutable<Tables>;
type Run = ReturnType<typeof goodRun>;

function found(spoil: (run: Run) => void): Partial<Record<keyof Findings, number>> {
  const run = goodRun();
  spoil(run);
  const findings = judge(run.books, run.tables);
  return Object.fromEntries(
    findingNames.flatMap((name) => (findings[name].length === 0 ? [] : [[name, findings[name].length]])),
  );
}

describe('the auditor of a crash run', () => {
  it('finds nothing where all went well', () => {
    expect(found(() => {})).toEqual({});
  });

  const cases: readonly (readonly [string, (run: Run) => void, Partial<Record<keyof Findings, number>>])[] = [
    ['a mirror that is missing', ({ books }) => books.szse.received.pop(), { lost: 2 }],
    ['an effect that is missing', ({ books }) => books.szse.effects.pop(), { lost: 1 }],
    ['what was refused and done', ({ tables }) => refuse(tables, 'ctex', 'interest'), { lost: 1 }],
    ['a payment that never arrived', ({ books }) => books.ctex.received.pop(), { lost: 1, money: 1 }],
    ['one effect too many', ({ books }) => (books.ctex.effects[0] = ['ctex-m5', 2]), { doubled: 1 }],
    ['an effect nobody asked for', ({ books }) => books.stex.effects.push(['stex-m1-2', 1]), { doubled: 1 }],
    [
      'one listing under two numbers',
      ({ books }) => books.szse.received.push({ ...books.szse.received[0]!, number: 'JX3' }),
      { doubled: 1 },
    ],
    ['the same bytes journaled twice', ({ tables }) => tables.repeated.push('m7'), { doubled: 1 }],
    ['effects in another order', ({ books }) => books.stex.effects.reverse(), { outOfOrder: 4 }],
    [
      'a mirror open that is suspended at home',
      ({ books }) => (books.szse.received[0] = { ...books.szse.received[0]!, state: '1' }),
      { outOfOrder: 1 },
    ],
    ['a delivery in doubt', ({ tables }) => state(tables, 'in-doubt'), { inDoubt: 1 }],
    ['a dead letter', ({ tables }) => state(tables, 'dead'), { inDoubt: 1 }],
    [
      'a certificate without both signatures',
      ({ tables }) => (tables.deals[0] = { ...tables.deals[0]!, cosigned: false }),
      { unsigned: 1 },
    ],
    [
      'a deal certified that nobody certified',
      ({ tables }) => tables.deals.push({ id: 'szse:D9', status: 'certified', cosigned: false }),
      { unsigned: 1 },
    ],
    ['a fen too much', ({ books }) => amount(books, '1285000.01'), { money: 1 }],
    ['a fen too much in the journal', ({ tables }) => fen(tables, '128500001'), { money: 1 }],
    ['money that nobody paid', ({ tables }) => tables.funds.push({ id: 'szse:F9', amountFen: '1' }), { money: 1 }],
    ['a signature that does not hold', ({ tables }) => tables.faults.push('deal m7: bad-signature'), { journal: 1 }],
  ];
  it.each(cases)('finds %s', (_, spoil, expected) => {
    expect(found(spoil)).toEqual(expected);
  });

  it('what an exchange was told is refused is not lost, and what only we know as refused is', () => {
    const turn = (run: Run) => {
      run.tables.refusals.push({ exchange: 'stex', key: 'k1', native: '<YX>I-L1</YX>', codes: 'reference-unknown' });
      run.books.ctex.received.shift();
      run.books.ctex.effects.shift();
      run.tables.deliveries.splice(4, 1);
    };
    expect(found(turn)).toEqual({});
    const atSzse = (isTold: boolean) => (run: Run) => {
      run.books.szse.orders.push({ kind: 'interest', from: 'szse', number: 'I-L7', to: ['ctex'], marks: ['I-L7'] });
      run.tables.refusals.push({ exchange: 'szse', key: 'k2', native: '20060=I-L7', codes: 'reference-unknown' });
      if (isTold) run.books.szse.turnedDown.push('k2');
    };
    expect(found(atSzse(true))).toEqual({});
    expect(found(atSzse(false))).toEqual({ lost: 1 });
  });

  it('judges every exchange, whichever of them it is that deviates', () => {
    for (const exchange of exchanges) {
      expect(found(({ books }) => books[exchange].effects.push([`${exchange}-unasked`, 1]))).toEqual({ doubled: 1 });
    }
  });
});

function refuse(tables: MutableTables, exchange: Exchange, kind: string): void {
  tables.deliveries = tables.deliveries.map((row) =>
    row.exchange === exchange && row.kind === kind ? { ...row, state: 'refused' } : row,
  );
}

function state(tables: MutableTables, now: string): void {
  tables.deliveries[0] = { ...tables.deliveries[0]!, state: now };
}

function amount(books: Run['books'], text: string): void {
  const last = books.ctex.received.length - 1;
  books.ctex.received[last] = { ...books.ctex.received[last]!, fields: { amount: text } };
}

function fen(tables: MutableTables, amountFen: string): void {
  tables.funds[0] = { ...tables.funds[0]!, amountFen };
}
