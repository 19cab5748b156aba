import { refuseBid } from '../../src/rules/bids.ts';
import { businessDateAt, cutOffOn } from '../../src/rules/cut-off.ts';
import { diffRulebooks } from '../../src/rules/diff.ts';
import { books, bookWith, document, read } from './fixtures.ts';

const { ctex, stex, szse } = books;

describe('where two rulebooks differ', () => {
  test('a rulebook does not differ from itself, nor from its next version that says the same', () => {
    expect(diffRulebooks(ctex, ctex)).toEqual([]);
    const next = document('ctex');
    for (const clause of next.clauses) clause.from = '2026-07-01';
    expect(diffRulebooks(ctex, read({ ...next, version: 2, from: '2026-07-01' }))).toEqual([]);
  });

  test('ctex and stex differ in eight dimensions, each with both values and where they come from', () => {
    const rows = diffRulebooks(ctex, stex);
    expect(rows.map(({ dimension }) => dimension)).toEqual([
      'disclosure',
      'extension',
      'object-types',
      'price-kinds',
      'fees',
      'retention',
      'cut-off',
      'hours',
    ]);
    expect(rows[0]).toEqual({
      dimension: 'disclosure',
      when: { regime: ['private'] },
      a: { days: 10, dayKind: 'working' },
      b: { days: 20, dayKind: 'working' },
      provenance: { a: 'assumption', b: 'assumption' },
      clauses: { a: 'ctex.disclosure.private', b: 'stex.disclosure.private' },
    });
  });

  test('what only one of them says stands against nothing', () => {
    const row = diffRulebooks(stex, szse).find(({ clauses }) => clauses.a === 'stex.disclosure.soe-equity');
    expect(row).toMatchObject({ a: { days: 20 }, b: null, provenance: { a: 'statute', b: null } });
    const back = diffRulebooks(szse, stex).find(({ clauses }) => clauses.b === 'stex.disclosure.soe-equity');
    expect(back).toMatchObject({ a: null, b: { days: 20 }, clauses: { a: null } });
  });

  test('the order of codes is no difference', () => {
    const turned = bookWith('ctex', { modes: ['tender', 'bidding', 'auction', 'listing', 'agreement'] });
    expect(diffRulebooks(ctex, turned)).toEqual([]);
  });
});

describe('the business day of an event', () => {
  test.each([
    ['2026-03-02T17:00:00+08:00', '2026-03-02'],
    ['2026-03-02T17:00:01+08:00', '2026-03-03'],
    ['2026-03-02T00:00:00+08:00', '2026-03-02'],
    ['2026-03-06T23:59:59+08:00', '2026-03-09'],
    ['2026-02-14T10:00:00+08:00', '2026-02-14'],
    ['2026-02-14T18:00:00+08:00', '2026-02-24'],
  ])('at %s at ctex is %s', (instant, date) => {
    expect(businessDateAt(instant, ctex)).toBe(date);
  });

  test('a make-up weekend is no business day where trading days count, and every exchange has its own cut-off', () => {
    expect(businessDateAt('2026-02-14T10:00:00+08:00', szse)).toBe('2026-02-24');
    expect(businessDateAt('2026-03-02T16:00:00+08:00', szse)).toBe('2026-03-03');
    expect(businessDateAt('2026-03-02T16:00:00+08:00', stex)).toBe('2026-03-02');
  });

  test('the cut-off of a day is that of the rulebook, none on a day of rest, and unknown where the calendar is silent', () => {
    expect([ctex, stex, szse].map((book) => cutOffOn('2026-03-02', book))).toEqual(['17:00', '16:30', '15:30']);
    // 2026-02-14 is a make-up Saturday, 2026-02-17 the Spring Festival.
    expect([ctex, szse].map((book) => cutOffOn('2026-02-14', book))).toEqual(['17:00', null]);
    expect([ctex, szse].map((book) => cutOffOn('2026-02-17', book))).toEqual([null, null]);
    expect(cutOffOn('2027-03-02', ctex)).toBeUndefined();
  });

  test('is unknown where the calendar does not reach', () => {
    expect(businessDateAt('2026-12-31T17:00:01+08:00', ctex)).toBeUndefined();
    expect(businessDateAt('2027-06-01T10:00:00+08:00', ctex)).toBeUndefined();
    expect(businessDateAt('2025-06-02T10:00:00+08:00', ctex)).toBeUndefined();
  });
});

test('bids are taken where buyers compete, while the listing is published', () => {
  for (const mode of ['auction', 'bidding', 'tender'] as const) {
    expect(refuseBid({ mode, status: 'published' })).toBeUndefined();
    expect(refuseBid({ mode, status: 'suspended' })?.code).toBe('state-forbids');
  }
  for (const mode of ['agreement', 'listing'] as const) {
    expect(refuseBid({ mode, status: 'published' })?.code).toBe('bid-forbidden');
  }
});
