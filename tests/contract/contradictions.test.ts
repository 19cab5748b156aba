import { refusalsOf, withPart } from './refusing.ts';
import { plainDeal } from './samples.ts';

describe('a reference to a listing', () => {
  const interest = {
    kind: 'interest',
    id: 'stex:YX-1',
    host: 'stex',
    buyer: plainDeal.buyer,
    registeredAt: '2026-03-05T10:00:00+08:00',
  };
  test.each<[unknown, readonly string[]]>([
    [{ id: 'ctex:TJ-1' }, []],
    [{ id: 'ctex:TJ-1', version: 2 }, []],
    [{ mirror: 'stex:M-1' }, []],
    [{}, ['missing-field /listing/id']],
    [{ id: 'TJ-1' }, ['bad-format /listing/id']],
    [{ mirror: 'hkex:1' }, ['bad-format /listing/mirror']],
    [{ id: 'ctex:TJ-1', more: 1 }, ['unknown-field /listing/more']],
    [{ mirror: 'stex:M-1', version: 0 }, ['bad-format /listing/version']],
    ['ctex:TJ-1', ['wrong-type /listing']],
    [{ mirror: 'ctex:M-1' }, ['inconsistent /listing/mirror']],
  ])('%p', (listing, expected) => {
    expect(refusalsOf({ ...interest, listing })).toEqual(expected);
  });

  test('names the listing in one way only', () => {
    expect(refusalsOf({ ...interest, listing: { id: 'ctex:TJ-1', mirror: 'stex:M-1' } })).toHaveLength(1);
  });

  test('an interest or bid carries the number of its host', () => {
    expect(refusalsOf({ ...interest, listing: { id: 'ctex:T' }, id: 'szse:1' })).toEqual(['inconsistent /host']);
  });
});

describe('a deal is refused, by code and pointer,', () => {
  test.each<[string, string, unknown, readonly string[]]>([
    [
      'when the technology costs more than all',
      '/technologyAmount/amount',
      '1285000.01',
      ['inconsistent /technologyAmount'],
    ],
    ['when another exchange numbered it', '/id', 'stex:CJ-1', ['inconsistent /home']],
    ['when the listing is not of its home', '/listing', { id: 'szse:1' }, ['inconsistent /listing/id']],
    ['when the mirror is not of its host', '/listing', { mirror: 'ctex:M-1' }, ['inconsistent /listing/mirror']],
    ['when concluded with a certificate', '/certificate', 'JZ-1', ['inconsistent /certificate']],
    ['when certified without one', '/status', 'certified', ['missing-field /certificate']],
    ['when registered without one', '/status', 'registered', ['missing-field /certificate']],
    ['when settled without one', '/status', 'settled', ['missing-field /certificate']],
    ['when reversed without one', '/status', 'reversed', ['missing-field /certificate']],
    ['when a buyer is a company and a person', '/buyer/kind', 'natural', ['inconsistent /buyer/kind']],
    ['when a fee has no payer', '/fees/0/payer', undefined, ['missing-field /fees/0/payer']],
  ])('%s', (_, pointer, value, expected) => {
    expect(refusalsOf(withPart(plainDeal, pointer, value))).toEqual(expected);
  });

  test.each(['confirmed', 'funded', 'cancelled'])('when %s already with a certificate', (status) => {
    expect(refusalsOf({ ...plainDeal, status })).toEqual([]);
    expect(refusalsOf({ ...plainDeal, status, certificate: 'JZ-1' })).toEqual(['inconsistent /certificate']);
  });

  test.each(['certified', 'ip-recorded', 'registered', 'settled', 'reversed'])('but not when %s with one', (status) => {
    expect(refusalsOf({ ...plainDeal, status, certificate: 'JZ-1' })).toEqual([]);
  });
});

describe('other kinds', () => {
  test('funds are about a deal or an interest, and not about both or neither', () => {
    const funds = {
      kind: 'funds',
      id: 'ctex:ZJ-1',
      leg: 'price-paid',
      payer: '买方',
      payee: '卖方',
      amount: { amount: '0.01', currency: 'CNY' },
      valueDate: '2026-03-20',
      bankRef: 'HVPS-1',
    };
    expect(refusalsOf({ ...funds, deal: 'ctex:CJ-1' })).toEqual([]);
    expect(refusalsOf({ ...funds, interest: 'ctex:YX-1' })).toEqual([]);
    expect(refusalsOf(funds)).toEqual(['inconsistent ']);
    expect(refusalsOf({ ...funds, deal: 'ctex:CJ-1', interest: 'ctex:YX-1' })).toEqual(['inconsistent ']);
  });

  test('a mirror number is given by the host that shows it', () => {
    const mirrored = {
      kind: 'listing-mirrored',
      listing: { id: 'ctex:TJ-1', version: 1 },
      host: 'stex',
      mirror: 'stex:M-1',
      mirroredAt: '2026-03-02T09:31:00+08:00',
      terms: {},
    };
    expect(refusalsOf(mirrored)).toEqual([]);
    expect(refusalsOf({ ...mirrored, mirror: 'szse:M-1' })).toEqual(['inconsistent /host']);
  });
});
