import fc from 'fast-check';
import { checkEntries, entriesOf, gapsOf, movedFen, residualOf, reversed } from '../../../src/clearing/adjustment.ts';
import { type BreakAction, breakActions } from '../../../src/clearing/break-actions.ts';
import { type BreakCode, codes } from '../../../src/clearing/codes.ts';
import { finding } from './desk.ts';

const pair = { home: 'ctex', host: 'stex' } as const;
const fen = fc.bigInt(-(10n ** 15n), 10n ** 15n);
const allActions = Object.keys(breakActions) as BreakAction[];
const allCodes = Object.keys(codes) as BreakCode[];

describe('what is booked for a break', () => {
  it('balances and leaves nothing between the books and the journal, whatever action fits', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...allActions),
        fc.constantFrom(...allCodes),
        fen,
        fen,
        (action, code, homeFen, hostFen) => {
          const gaps = { homeFen, hostFen };
          const booked = entriesOf(action, { code, ...pair, gaps });
          if (!booked.ok) return;
          expect(booked.value.reduce((sum, { amountFen }) => sum + amountFen, 0n)).toBe(0n);
          expect(residualOf(gaps, booked.value, pair)).toEqual({ homeFen: 0n, hostFen: 0n });
          expect(booked.value.every(({ amountFen }) => amountFen !== 0n)).toBe(true);
          // Reversed, nothing has happened.
          expect(residualOf(gaps, [...booked.value, ...reversed(booked.value)], pair)).toEqual(gaps);
          expect(movedFen(reversed(booked.value))).toBe(movedFen(booked.value));
        },
      ),
    );
  });

  it('moves the book that is not taken as right, and no other', () => {
    const gaps = { homeFen: 5n, hostFen: 0n };
    const booked = (action: BreakAction) => {
      const made = entriesOf(action, { code: 'AMT+', ...pair, gaps });
      return made.ok ? Object.fromEntries(made.value.map(({ account, amountFen }) => [account, amountFen])) : 'refused';
    };
    expect(booked('by-gateway')).toEqual({ 'book/ctex': -5n, 'difference/ctex': 5n });
    expect(booked('by-host')).toEqual(booked('by-gateway'));
    expect(booked('by-home')).toEqual({
      'book/stex': 5n,
      'difference/stex': -5n,
      'book/journal': 5n,
      'difference/journal': -5n,
    });
    expect(booked('refund')).toEqual({ 'book/ctex': -5n, 'payable/ctex': 5n });
    expect(booked('suspend')).toEqual({ 'book/ctex': -5n, 'suspense/ctex': 5n });
    expect(booked('write-off')).toEqual({ 'book/ctex': -5n, 'loss/ctex': 5n });
    expect([booked('claim'), booked('supplement'), booked('adjust'), booked('reverse')]).toEqual(
      Array(4).fill('refused'),
    );
  });

  it('enters what is missing where it is missing, for every kind of missing row', () => {
    const entered = (code: BreakCode) => {
      const found = finding({ deal: '1', code, priceFen: 7n });
      const made = entriesOf('supplement', { code, ...pair, gaps: gapsOf(found) });
      if (!made.ok) return 'refused';
      return made.value
        .filter(({ account }) => account.startsWith('book/'))
        .map(({ account, amountFen }) => `${account} ${amountFen}`);
    };
    expect(entered('P101')).toEqual(['book/stex 7']);
    expect(entered('P011')).toEqual(['book/ctex 7']);
    expect(entered('P001')).toEqual(['book/ctex 7', 'book/stex 7']);
    expect(entered('P110')).toEqual(['book/journal 7']);
    expect(entered('P100')).toEqual(['book/stex 7', 'book/journal 7']);
    expect(entered('P010')).toEqual(['book/ctex 7', 'book/journal 7']);
    expect(entered('PTY')).toBe('refused');
  });

  it('takes every amount that differs, and each surplus row, as the gap of that book', () => {
    const field = (name: string, book: string, journal: string) => ({
      field: name,
      code: 'AMT+' as const,
      book,
      journal,
    });
    const found = { ...finding({ deal: '1', code: 'AMT+', priceFen: 100n }), deltaFen: 200n };
    const fields = [field('price', '3.00', '1.00'), field('fee', '0.05', '0.15'), field('buyer', '9.00', '1.00')];
    expect(gapsOf({ ...found, fields })).toEqual({ homeFen: 190n, hostFen: 0n });
    expect(gapsOf({ ...found, side: 'stex', fields })).toEqual({ homeFen: 0n, hostFen: 190n });
    const again = { field: 'line', code: 'DUP' as const, book: '9', journal: null };
    expect(gapsOf({ ...found, code: 'DUP', fields: [again, again] })).toEqual({ homeFen: 200n, hostFen: 0n });
    expect(gapsOf({ ...found, code: 'AMT2', side: null })).toEqual({ homeFen: 200n, hostFen: 200n });
    expect(gapsOf({ ...found, code: 'TIM', side: null, deltaFen: null, fields: [] })).toEqual({
      homeFen: 0n,
      hostFen: 0n,
    });
  });

  it('takes no entry of an unknown account, another exchange, or zero', () => {
    const at = (account: string, amountFen = 1n) =>
      checkEntries(
        [
          { account, amountFen },
          { account: 'book/ctex', amountFen: -amountFen },
        ],
        pair,
      ).length;
    expect(at('payable/ctex')).toBe(0);
    for (const account of ['payable/szse', 'cash/ctex', 'book/ctex/x', 'xbook/ctex', '']) expect(at(account)).toBe(1);
    expect(at('payable/ctex', 0n)).toBe(2);
  });
});
