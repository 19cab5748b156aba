import fc from 'fast-check';
import { type Net, netObligations, type Obligation } from '../../../src/clearing/net.ts';
import { exchanges } from '../../../src/contract/exchange.ts';

const pair = fc.constantFrom(
  ...exchanges.flatMap((debtor) =>
    exchanges.filter((other) => other !== debtor).map((creditor) => ({ debtor, creditor })),
  ),
);
const fees = fc
  .array(fc.tuple(pair, fc.constantFrom('CNY', 'HKD'), fc.bigInt({ min: 0n, max: 10n ** 15n })), { maxLength: 40 })
  .map((list) =>
    list.map(([who, currency, fen], i): Obligation => ({ dealId: `ctex:D${i}`, entry: '1', ...who, currency, fen })),
  );
const abs = (fen: bigint) => (fen < 0n ? -fen : fen);
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, one) => total + one, 0n);
const grossOf = ({ gross }: Net) => sum(exchanges.flatMap((i) => exchanges.map((j) => gross[i][j])));
const positionsOf = (obligations: readonly Obligation[], currency: string) => {
  const net = netObligations(obligations).find((one) => one.currency === currency);
  return exchanges.map((i) => net?.positions[i] ?? 0n);
};

/** What i is owed and owes, added up deal by deal: the oracle. */
function plainly(obligations: readonly Obligation[], currency: string): bigint[] {
  const mine = obligations.filter((one) => one.currency === currency);
  return exchanges.map((i) =>
    sum(mine.map(({ debtor, creditor, fen }) => (creditor === i ? fen : debtor === i ? -fen : 0n))),
  );
}

describe('the multilateral net of fees', () => {
  it('adds up to zero to the fen in every currency, and is what each is owed less what it owes (P1, P2, P18)', () => {
    fc.assert(
      fc.property(fees, (obligations) => {
        for (const net of netObligations(obligations)) {
          expect(sum(Object.values(net.positions))).toBe(0n);
          expect(exchanges.map((i) => net.positions[i])).toEqual(plainly(obligations, net.currency));
        }
      }),
    );
  });

  it('moves no more money than bilateral netting, and that no more than the gross (P3)', () => {
    fc.assert(
      fc.property(fees, (obligations) => {
        for (const net of netObligations(obligations)) {
          const pairs = [
            ['ctex', 'stex'],
            ['ctex', 'szse'],
            ['stex', 'szse'],
          ] as const;
          const bilateral = sum(pairs.map(([i, j]) => abs(net.gross[i][j] - net.gross[j][i])));
          expect(net.payIn <= bilateral && bilateral <= grossOf(net)).toBe(true);
          expect(2n * net.payIn).toBe(sum(Object.values(net.positions).map(abs)));
        }
      }),
    );
  });

  it('is brought to zero by its legs, of which there are at most two (P4, P5)', () => {
    fc.assert(
      fc.property(fees, (obligations) => {
        for (const { positions, legs, payIn } of netObligations(obligations)) {
          const open = { ...positions };
          for (const { from, to, fen } of legs) {
            expect(fen > 0n).toBe(true);
            open[from] += fen;
            open[to] -= fen;
          }
          expect(open).toEqual({ ctex: 0n, stex: 0n, szse: 0n });
          expect(legs.length).toBeLessThanOrEqual(2);
          expect(sum(legs.map(({ fen }) => fen))).toBe(payIn);
        }
      }),
    );
  });

  it('is the same in any order, when a fee is split, and when everything is given again (P6)', () => {
    fc.assert(
      fc.property(fees, fc.nat(), (obligations, at) => {
        const net = netObligations(obligations);
        expect(netObligations(obligations.toReversed())).toEqual(net);
        expect(netObligations([...obligations, ...obligations])).toEqual(net);
        const whole = obligations[at % Math.max(1, obligations.length)];
        if (whole === undefined) return;
        const parts = [
          { ...whole, entry: '1a', fen: whole.fen / 3n },
          { ...whole, entry: '1b', fen: whole.fen - whole.fen / 3n },
        ];
        expect(netObligations([...obligations.filter((one) => one !== whole), ...parts])).toEqual(net);
      }),
    );
  });

  it('of two windows is the sum of their nets (P7)', () => {
    fc.assert(
      fc.property(fees, fc.nat(40), (obligations, cut) => {
        for (const currency of ['CNY', 'HKD']) {
          const first = positionsOf(obligations.slice(0, cut), currency);
          const second = positionsOf(obligations.slice(cut), currency);
          expect(positionsOf(obligations, currency)).toEqual(first.map((fen, i) => fen + second[i]!));
        }
      }),
    );
  });

  it('of a deal and its reversal is nothing (P8)', () => {
    fc.assert(
      fc.property(fees, fees, (obligations, reversed) => {
        const both = reversed.flatMap((one) => [
          { ...one, dealId: `szse:${one.dealId}` },
          { ...one, dealId: `szse:${one.dealId}`, entry: 'reversal', fen: -one.fen },
        ]);
        for (const currency of ['CNY', 'HKD']) {
          expect(positionsOf([...obligations, ...both], currency)).toEqual(positionsOf(obligations, currency));
        }
      }),
    );
  });

  it('of nothing is no net at all, and of equal debts has no legs (P11)', () => {
    expect(netObligations([])).toEqual([]);
    const round = [
      ['ctex', 'stex'],
      ['stex', 'szse'],
      ['szse', 'ctex'],
    ] as const;
    const [net] = netObligations(
      round.map(([debtor, creditor], i) => ({
        dealId: `ctex:${i}`,
        entry: '1',
        debtor,
        creditor,
        currency: 'CNY',
        fen: 100n,
      })),
    );
    expect(net).toMatchObject({ payIn: 0n, legs: [] });
  });

  it('refuses an exchange that owes itself, and one entry with two amounts', () => {
    const one = { dealId: 'ctex:1', entry: '1', debtor: 'ctex', creditor: 'stex', currency: 'CNY', fen: 1n } as const;
    expect(() => netObligations([{ ...one, creditor: 'ctex' }])).toThrow('owes itself');
    expect(() => netObligations([one, { ...one, fen: 2n }])).toThrow('unequal');
  });
});
