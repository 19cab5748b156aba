import { type Further, furtherText } from '../../src/contract/books.ts';
import type { Database } from '../../src/journal/database.ts';
import type { Side } from '../support/clearing/truth.ts';
import { type Expected, severityOf, suggestionText } from './expected.ts';

/** A Tuesday; the day before it is a working day. */
export const EDGE_DAY = '2026-03-03';
const BEFORE = '2026-03-02';

/** What the exchanges' own books cannot say or the generator does not spoil, case by case, as written in the specification. */
export const edgeTolerances = [
  {
    pair: ['stex', 'ctex'],
    currency: 'CNY',
    absolute: '0.05',
    bps: 1,
    basis: { zh: '测试用', en: 'for tests' },
    provenance: 'assumption',
  },
];

interface Row {
  readonly side: Side | 'journal';
  readonly deal: string;
  readonly host: Side;
  readonly ordinal?: number;
  readonly state?: string;
  readonly buyer?: string;
  readonly seller?: string;
  readonly price?: bigint;
  readonly fee?: bigint;
  readonly hostFee?: bigint;
  readonly date?: string;
  readonly inFlight?: boolean;
  readonly listing?: string;
  readonly further?: Further;
}

const PRICE = 10_000_000n;
const rows: Row[] = [];
const key: Expected[] = [];

type Change = Partial<Omit<Row, 'side' | 'deal'>>;

/** A deal of ctex that all three know, but for what is changed; null: that one does not have it. */
function deal(name: string, { a = {}, g = {}, b = {}, all = {}, host = 'stex' }: Changes = {}): string {
  const id = `ctex:${name}`;
  const put = (side: Row['side'], change: Change | null) => {
    if (change !== null) rows.push({ side, deal: id, host, buyer: `B${name}`, ...all, ...change });
  };
  put('ctex', a);
  put('journal', g);
  put(host, b);
  return id;
}

interface Changes {
  readonly a?: Change | null;
  readonly g?: Change | null;
  readonly b?: Change | null;
  readonly all?: Change;
  readonly host?: Side;
}

function expectBreak(dealId: string, code: string, side: Side | null, more: Partial<Expected> = {}) {
  const delta = more.delta ?? null;
  const presence =
    { P110: 'gateway', P101: 'stex', P011: 'ctex', P100: 'ctex', P010: 'stex', TIM: 'stex' }[code] ?? null;
  key.push({
    dealId,
    code,
    side,
    delta,
    severity: severityOf(code, delta ?? 0n, false),
    blame: side ?? presence,
    ...more,
  });
}

deal('equal');
// Tolerance: one hundredth of a per cent of 100,000.00 is 10.00; of less than 500.00 the 0.05 is more.
expectBreak(deal('at the bound', { b: { price: PRICE + 1000n } }), 'TOL', 'stex', { delta: 1000n });
expectBreak(deal('beyond it', { b: { price: PRICE + 1001n } }), 'AMT+', 'stex', { delta: 1001n });
const small = { price: 10_000n };
expectBreak(deal('small', { all: small, b: { price: 10_005n } }), 'TOL', 'stex', { delta: 5n });
expectBreak(deal('small beyond', { all: small, b: { price: 10_006n } }), 'AMT+', 'stex', { delta: 6n });
expectBreak(deal('fee let pass', { a: { fee: 2_995n } }), 'TOL', 'ctex', { delta: -5n });
expectBreak(deal('fee', { a: { fee: 3_500n } }), 'FEE', 'ctex', { delta: 500n });
expectBreak(deal('no tolerance', { host: 'szse', b: { price: PRICE + 1n } }), 'AMT+', 'szse', { delta: 1n });
deal('fees differ by side', { g: { hostFee: 9n }, b: { fee: 9n } });
// Severity by amount.
expectBreak(deal('grave', { host: 'szse', a: { price: PRICE + 100_000_000n } }), 'AMT+', 'ctex', {
  delta: 100_000_000n,
});
expectBreak(deal('serious', { host: 'szse', a: { price: PRICE - 1_000_000n } }), 'AMT-', 'ctex', {
  delta: -1_000_000n,
});
expectBreak(deal('slight', { host: 'szse', a: { price: PRICE - 999_999n } }), 'AMT-', 'ctex', { delta: -999_999n });
// Fields that only some books have.
expectBreak(
  deal('asset', { a: { listing: 'ctex:L2' }, g: { listing: 'ctex:L1' }, b: { listing: 'ctex:L1' } }),
  'AST',
  'ctex',
);
expectBreak(deal('currency', { b: { further: { currency: 'USD' } } }), 'CCY', 'stex');
expectBreak(deal('quantity', { a: { further: { quantity: '3' } } }), 'QTY', 'ctex');
expectBreak(deal('tax', { a: { further: { taxFen: 300n } }, b: { further: { taxFen: 900n } } }), 'TAX', null);
deal('same tax', { a: { further: { taxFen: 300n } }, b: { further: { taxFen: 300n } } });
// One field each, in either book.
expectBreak(deal('buyer', { a: { buyer: 'X' } }), 'PTY', 'ctex');
expectBreak(deal('seller', { b: { seller: 'X' } }), 'PTY', 'stex');
expectBreak(deal('state', { b: { state: 'certified' } }), 'STS', 'stex', { severity: severityOf('STS', 0n, true) });
expectBreak(deal('reversal', { a: { state: 'cancelled' } }), 'STS-REV', 'ctex');
expectBreak(deal('date', { a: { date: BEFORE } }), 'DAT', 'ctex');
rows.push({ side: 'stex', deal: deal('twice'), host: 'stex', buyer: 'Btwice', ordinal: 2 });
expectBreak('ctex:twice', 'DUP', 'stex');
// Several fields: the first in the order of evaluation leads, and its amount is the delta.
expectBreak(deal('two amounts', { host: 'szse', a: { price: PRICE - 2000n, fee: 3_007n } }), 'AMT-', 'ctex', {
  ...{ delta: -2000n, codes: ['AMT-', 'FEE'] },
});
expectBreak(deal('all at once', { b: { buyer: 'X', state: 'certified', fee: 5_000n, date: BEFORE } }), 'PTY', 'stex', {
  ...{ delta: 2_000n, codes: ['PTY', 'STS', 'FEE', 'DAT'] },
});
expectBreak(deal('host named', { a: { host: 'szse' } }), 'PTY', 'ctex');
// On the way: until a working day has passed it is no break.
deal('on the way', { g: { inFlight: true }, b: null });
expectBreak(deal('late', { all: { date: BEFORE }, g: { inFlight: true }, b: null }), 'TIM', null);
// Another day: said of the book that put it here, not missed in the other.
expectBreak(deal('other day', { a: null, g: { date: BEFORE } }), 'DAT', 'stex');
// A third exchange claims a deal of two others.
deal('claimed');
rows.push({ side: 'szse', deal: 'ctex:claimed', host: 'szse', buyer: 'X' });
expectBreak('ctex:claimed', 'P010', null, { blame: 'szse' });
// Twice in a book that stands alone: nobody is there to say who is wrong about the second.
const alone = deal('alone twice', { g: null, b: null });
rows.push({ side: 'ctex', deal: alone, host: 'stex', buyer: 'Balone twice', ordinal: 2 });
expectBreak(alone, 'P100', null);
expectBreak(alone, 'DUP', 'ctex', { blame: null });
expectBreak(deal('gateway lacks', { g: null }), 'P110', null);
// Both agree against the journal; or against each other, too.
const both = { price: PRICE + 9_999n };
expectBreak(deal('both', { a: both, b: both }), 'AMT2', null, { delta: 9_999n, blame: 'both' });
const fees = { ...both, fee: 9_000n };
expectBreak(deal('both and a fee', { a: fees, b: both }), 'AMT2', null, { delta: 9_999n, blame: 'both' });
expectBreak('ctex:both and a fee', 'FEE', 'ctex', { delta: 6_000n });
// Rows that nobody else knows.
deal('known');
const lone = (name: string, change: Change) => deal(name, { a: null, g: null, b: { buyer: 'Bknown', ...change } });
expectBreak(lone('known again', {}), 'DUP~', 'stex', { suggested: suggestionText('DUP~', ['ctex:known']) });
expectBreak(lone('other buyer', { buyer: 'Bother' }), 'P010', null);
expectBreak(lone('other price', { price: PRICE + 1n }), 'P010', null);
expectBreak(lone('other date', { date: BEFORE }), 'P010', null);
// Twins that only one book has are no duplicates of each other.
for (const twin of ['twin 1', 'twin 2']) expectBreak(lone(twin, { buyer: 'Btwin' }), 'P010', null);
// The same deal under another number; written otherwise, it is the likelier.
const lacking = deal('CJ-10', { b: null, all: { buyer: 'Bref' } });
const written = lone('CJ-1O', { buyer: 'Bref' });
expectBreak(lacking, 'P101', null, { suggested: suggestionText('REF', [written]) });
expectBreak(written, 'P010', null, { suggested: suggestionText('REF', [lacking]) });
expectBreak(lone('CJ-77', { buyer: 'Bref' }), 'P010', null, { suggested: suggestionText('REF', [lacking]) });
// Two that are as good: said to be ambiguous.
const wanted = deal('wanted', { b: null, all: { buyer: 'Bamb' } });
const [one, other] = [lone('maybe 1', { buyer: 'Bamb' }), lone('maybe 2', { buyer: 'Bamb' })];
expectBreak(wanted, 'P101', null, { suggested: suggestionText('REF', [one], true) });
for (const maybe of [one, other]) expectBreak(maybe, 'P010', null, { suggested: suggestionText('REF', [wanted]) });
// The home's book lacks it, and the row that fits is in the host's: not the same book, nothing to suggest.
expectBreak(deal('home lacks', { a: null, all: { buyer: 'Bcross' } }), 'P011', null);
expectBreak(lone('wrong book', { buyer: 'Bcross', price: PRICE, date: BEFORE }), 'P010', null);
// Equal terms but other parties; other terms but equal parties.
expectBreak(deal('lacks 1', { b: null, all: { buyer: 'Bone' } }), 'P101', null);
expectBreak(lone('stray 1', { buyer: 'Btwo' }), 'P010', null);
expectBreak(deal('lacks 2', { b: null, all: { buyer: 'Bthree' } }), 'P101', null);
expectBreak(lone('stray 2', { buyer: 'Bthree', price: PRICE - 1n }), 'P010', null);
// One deal, booked in parts.
const split = deal('split', { b: null, all: { buyer: 'Bsplit' } });
const parts = [3_000_000n, 7_000_000n].map((price, n) => lone(`part ${n}`, { buyer: 'Bsplit', price }));
expectBreak(split, 'P101', null, { suggested: suggestionText('SPL', parts) });
for (const part of parts) expectBreak(part, 'P010', null, { suggested: suggestionText('SPL', [split]) });
expectBreak(lone('no part', { buyer: 'Bsplit', price: 123n }), 'P010', null);

export const edgeKey: readonly Expected[] = key;

/** Rows and sums by side, as they were put there. */
export function edgeTotals() {
  const totals: Record<string, { rows: number; priceFen: bigint }> = {};
  for (const { side, price = PRICE } of rows) {
    totals[side] ??= { rows: 0, priceFen: 0n };
    totals[side].rows++;
    totals[side].priceFen += price;
  }
  return totals;
}

/** Puts the day into the table of rows, past the books: how these are read is not asked here. */
export async function putEdgeDay(database: Database): Promise<void> {
  const records = rows.map((row, at) => {
    const {
      side,
      deal: deal_id,
      host,
      ordinal = 1,
      state = 'signed',
      buyer,
      seller = 'S',
      price = PRICE,
      fee = 3_000n,
    } = row;
    const { hostFee = 3_000n, date = EDGE_DAY, inFlight = false, listing = null, further } = row;
    const isJournal = side === 'journal';
    return {
      ...{
        cycle: EDGE_DAY,
        cycle_version: 1,
        side,
        deal_id,
        ordinal,
        home: 'ctex',
        host,
        state,
        buyer,
        seller,
        listing,
      },
      role: isJournal ? null : side === 'ctex' ? 'home' : 'host',
      price_fen: String(price),
      fee_fen: String(isJournal ? 3_000n + hostFee : fee),
      home_fee_fen: isJournal ? '3000' : null,
      host_fee_fen: isJournal ? String(hostFee) : null,
      ...{ business_date: date, in_flight: inFlight, native_number: 'n', line: at + 1 },
      further: further === undefined ? null : JSON.parse(furtherText(further)),
      book: '00000000-0000-4000-8000-000000000000',
    };
  });
  await database.query('insert into clearing_row select * from json_populate_recordset(null::clearing_row, $1)', [
    JSON.stringify(records),
  ]);
}
