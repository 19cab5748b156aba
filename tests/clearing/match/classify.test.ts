import fc from 'fast-check';
import { classify, type Rules } from '../../../src/clearing/classify.ts';
import { type BreakCode, breakId, byEvaluation, codes } from '../../../src/clearing/codes.ts';
import type { SeenDeal, SeenInBook, SeenInJournal, SeenRow } from '../../../src/clearing/seen.ts';
import { readTolerances } from '../../../src/clearing/tolerance.ts';

const DAY = '2026-03-02';
const rules: Rules = { date: DAY, tolerances: [], isOverdue: (date) => date < DAY };

const said: SeenRow = {
  home: 'ctex',
  host: 'stex',
  state: 'certified',
  buyer: 'B',
  seller: 'S',
  priceFen: 1_000_000n,
  feeFen: 3_000n,
  businessDate: DAY,
  nativeNumber: 'CJ1',
  line: 1,
};
const book = (more: Partial<SeenInBook> = {}): SeenInBook => ({ ...said, again: [], ...more });
const journal = (more: Partial<SeenInJournal> = {}): SeenInJournal => ({
  ...said,
  homeFeeFen: 3_000n,
  hostFeeFen: 3_000n,
  inFlight: false,
  listing: 'ctex:L1',
  ...more,
});
const deal = (more: Partial<Record<keyof SeenDeal, unknown>> = {}): SeenDeal =>
  ({ dealId: 'ctex:CJ1', a: book(), g: journal(), b: book(), ...more }) as SeenDeal;
const tolerancesOf = (...some: readonly object[]) => {
  const basis = { zh: '测试', en: 'test' };
  const read = readTolerances(some.map((one) => ({ currency: 'CNY', basis, provenance: 'assumption', ...one })));
  if (!read.ok) throw new Error(JSON.stringify(read.refusals));
  return read.value;
};
const short = (one: SeenDeal, by: Rules = rules) =>
  classify(one, by).map(({ code, side, deltaFen, outcome }) => [code, side, deltaFen, outcome]);

describe('what three books say of one deal', () => {
  it('is nothing when they say the same', () => {
    expect(classify(deal(), rules)).toEqual([]);
  });

  it.each([
    ['P110', { g: undefined }, 'S1', 'gateway'],
    ['P101', { b: undefined }, 'S1', 'stex'],
    ['P011', { a: undefined }, 'S1', 'ctex'],
    ['P100', { b: undefined, g: undefined }, 'S1', 'ctex'],
    ['P010', { a: undefined, g: undefined }, 'S1', 'stex'],
    ['P001', { a: undefined, b: undefined }, 'S2', null],
  ] as const)('is %s by who has it', (code, lacking, severity, blame) => {
    expect(classify(deal(lacking), rules)).toMatchObject([
      { code, side: null, deltaFen: null, severity, blame, outcome: 'break' },
    ]);
  });

  it('is less grave to lack a deal that nobody has certified', () => {
    const signed = { state: 'signed' } as const;
    expect(classify(deal({ a: book(signed), g: journal(signed), b: undefined }), rules)[0]?.severity).toBe('S2');
  });

  const deviations: readonly (readonly [BreakCode, Partial<SeenInBook>, bigint | null])[] = [
    ['DUP', { again: [{ line: 9, priceFen: 1_000_000n }] }, null],
    ['PTY', { buyer: 'X' }, null],
    ['STS-REV', { state: 'cancelled' }, null],
    ['STS', { state: 'signed' }, null],
    ['AMT+', { priceFen: 1_000_001n }, 1n],
    ['AMT-', { priceFen: 999_999n }, -1n],
    ['FEE', { feeFen: 3_641n }, 641n],
    ['AST', { listing: 'ctex:L2' }, null],
    ['CCY', { further: { currency: 'USD' } }, null],
    ['QTY', { further: { quantity: '2' } }, null],
    ['DAT', { businessDate: '2026-03-03' }, null],
  ];
  it.each(deviations)('is %s of the book that deviates, and of that alone', (code, more, delta) => {
    expect(short(deal({ b: book(more) }))).toEqual([[code, 'stex', delta, 'break']]);
    expect(short(deal({ a: book(more) }))).toEqual([[code, 'ctex', delta, 'break']]);
  });

  it('keeps every failing field, the first in the order of evaluation leading, whatever the combination', () => {
    fc.assert(
      fc.property(fc.subarray([...deviations], { minLength: 1 }), (some) => {
        const more = Object.assign({}, ...some.map(([, change]) => change));
        const found = classify(deal({ b: book(more) }), rules);
        expect(found).toHaveLength(1);
        // Two deviations of one field leave the later.
        const seen = some.filter(([, change]) => Object.entries(change).every(([name, value]) => more[name] === value));
        expect(found[0]!.codes).toEqual(seen.map(([code]) => code).sort(byEvaluation));
        expect(found[0]!.code).toBe(found[0]!.codes[0]);
      }),
    );
  });

  it('holds both books to the journal where they agree on another amount, with its sign', () => {
    const high = book({ priceFen: 1_013_004n });
    expect(short(deal({ a: high, b: high }))).toEqual([['AMT2', null, 13_004n, 'break']]);
    expect(classify(deal({ a: high, b: high }), rules)[0]?.blame).toBe('both');
    expect(short(deal({ a: high, b: book({ priceFen: 999_999n }) }))).toEqual([
      ['AMT+', 'ctex', 13_004n, 'break'],
      ['AMT-', 'stex', -1n, 'break'],
    ]);
  });

  it('holds the two books to each other on the tax, of which the journal says nothing', () => {
    const taxed = (taxFen: bigint, more: Partial<SeenInBook> = {}) => book({ further: { taxFen }, ...more });
    expect(short(deal({ a: taxed(300n), b: taxed(300n) }))).toEqual([]);
    expect(short(deal({ a: taxed(300n) }))).toEqual([]);
    const [apart] = classify(deal({ a: taxed(300n), b: taxed(299n) }), rules);
    expect(apart).toMatchObject({ code: 'TAX', side: null, deltaFen: null, severity: 'S3', blame: null });
    expect(apart!.fields).toEqual([{ field: 'tax', code: 'TAX', book: '3.00', journal: '2.99' }]);
    const high = { priceFen: 1_000_005n };
    expect(classify(deal({ a: taxed(300n, high), b: taxed(299n, high) }), rules)[0]?.codes).toEqual(['AMT2', 'TAX']);
  });

  it('waits for what is on the way, and no longer than one working day', () => {
    const way = { g: journal({ inFlight: true }), b: undefined };
    expect(short(deal(way))).toEqual([['TIM', null, null, 'in-flight']]);
    const late = {
      g: journal({ inFlight: true, businessDate: '2026-02-27' }),
      a: undefined,
      b: book({ businessDate: '2026-02-27' }),
    };
    expect(short(deal(late))).toEqual([['TIM', null, null, 'break']]);
  });

  it('does not miss in one book what the other has put on another day', () => {
    const yesterday = journal({ businessDate: '2026-03-01' });
    expect(short(deal({ g: yesterday, a: undefined, b: book() }))).toEqual([['DAT', 'stex', null, 'break']]);
  });

  it('lets pass what the pair has agreed to let pass, and says so', () => {
    const [agreed] = tolerancesOf({ pair: ['stex', 'ctex'], absolute: '0.05', bps: 1 });
    const by = { ...rules, tolerances: [agreed!] };
    // One hundredth of a per cent of 10,000.00 is 1.00, more than 0.05.
    expect(short(deal({ b: book({ priceFen: 1_000_100n }) }), by)).toEqual([['TOL', 'stex', 100n, 'tolerated']]);
    expect(short(deal({ b: book({ priceFen: 1_000_101n }) }), by)).toEqual([['AMT+', 'stex', 101n, 'break']]);
    const both = book({ priceFen: 999_900n });
    expect(short(deal({ a: both, b: both }), by).map(([code]) => code)).toEqual(['TOL', 'TOL']);
    expect(short(deal({ b: book({ priceFen: 1_000_001n, buyer: 'X' }) }), by)).toEqual([['PTY', 'stex', 1n, 'break']]);
    // Each amount by its own size: of a fee of 30.00 no more than 0.05 is let pass.
    expect(short(deal({ b: book({ feeFen: 3_005n }) }), by)).toEqual([['TOL', 'stex', 5n, 'tolerated']]);
    expect(short(deal({ b: book({ feeFen: 3_006n }) }), by)).toEqual([['FEE', 'stex', 6n, 'break']]);
    const others = { ...rules, tolerances: tolerancesOf({ pair: ['ctex', 'szse'], absolute: '9.00', bps: 0 }) };
    expect(short(deal({ b: book({ feeFen: 3_001n }) }), others)).toEqual([['FEE', 'stex', 1n, 'break']]);
    const inDollars = tolerancesOf({ pair: ['ctex', 'stex'], currency: 'USD', absolute: '9.00', bps: 0 });
    expect(short(deal({ b: book({ feeFen: 3_001n }) }), { ...rules, tolerances: inDollars })).toHaveLength(1);
    expect(classify(deal({ b: book({ feeFen: 3_001n }) }), { ...rules, tolerances: inDollars })[0]?.code).toBe('FEE');
  });

  it('takes no tolerance that does not say whose it is and on what ground', () => {
    const good = { pair: ['ctex', 'stex'], currency: 'CNY', absolute: '0.05', bps: 1, provenance: 'agreement' };
    const whole = { ...good, basis: { zh: '备忘录第3条', en: 'memorandum, clause 3' } };
    const codesOf = (...some: readonly object[]) => {
      const read = readTolerances(some);
      return read.ok ? [] : read.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
    };
    expect(codesOf(whole)).toEqual([]);
    expect(codesOf(good)).toEqual(['missing-field /0/basis']);
    expect(codesOf({ ...whole, provenance: 'gut feeling' })).toEqual(['unknown-code /0/provenance']);
    expect(codesOf({ ...whole, absolute: '0.005' })).toEqual(['fen-fraction /0/absolute']);
    expect(codesOf({ ...whole, pair: ['ctex'] })).toHaveLength(1);
    expect(codesOf({ ...whole, bps: 101 })).toHaveLength(1);
    expect(codesOf(whole, { ...whole, pair: ['stex', 'ctex'] })).toEqual(['inconsistent /1/pair']);
  });

  it('mirrors: swapping the two books swaps the codes and the sides (P13)', () => {
    const mirror: Record<string, string> = { P101: 'P011', P011: 'P101', P100: 'P010', P010: 'P100' };
    const other = { ctex: 'stex', stex: 'ctex' } as const;
    const some = fc.option(
      fc.record({
        priceFen: fc.bigInt(999_998n, 1_000_002n),
        buyer: fc.constantFrom('B', 'X'),
        state: fc.constantFrom('signed' as const, 'certified' as const, 'cancelled' as const),
        feeFen: fc.constantFrom(3_000n, 1n),
      }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(some, some, fc.boolean(), (one, two, isKnown) => {
        fc.pre(one !== undefined || two !== undefined || isKnown);
        const a = one && book(one);
        const b = two && book(two);
        const g = isKnown ? journal() : undefined;
        const found = classify(deal({ a, b, g }), rules);
        const turned = classify(deal({ a: b, b: a, g }), rules);
        const key = (code: string, side: string | null, delta: bigint | null) => `${code} ${side} ${delta}`;
        expect(turned.map((x) => key(x.code, x.side, x.deltaFen)).sort()).toEqual(
          found.map((x) => key(mirror[x.code] ?? x.code, x.side && other[x.side as 'ctex'], x.deltaFen)).sort(),
        );
      }),
    );
  });
});

describe('the codes', () => {
  it('are those of the taxonomy, in its order, each with its words', () => {
    const listed = Object.keys(codes);
    const inOrder = ['CTL', 'SIG', 'DUP', 'P110', 'PTY', 'STS', 'AMT+', 'FEE', 'DAT', 'TOL'] as BreakCode[];
    expect([...inOrder].sort(byEvaluation)).toEqual(inOrder);
    expect(listed).toHaveLength(26);
    for (const { zh, en } of Object.values(codes)) expect([zh.length > 1, en.length > 3]).toEqual([true, true]);
  });

  it('give a break the same id for ever', () => {
    // printf 'ctex-stex|ctex:CJ1|1|AMT-|stex' | sha256sum | cut -c1-32
    expect(breakId({ home: 'ctex', host: 'stex', dealId: 'ctex:CJ1', code: 'AMT-', side: 'stex' })).toBe(
      '65df419f2c62c82dae1adf1a7e771e2b',
    );
    expect(breakId({ home: 'ctex', host: 'stex', dealId: 'ctex:CJ1', code: 'P101', side: null })).toBe(
      'a3e0b31a34223825ce2f065ceb2a5749',
    );
  });
});
