import type { Listing, Party } from '../../src/contract/message.ts';
import { admitBuyer } from '../../src/rules/buyer.ts';
import { books, buyer, listing } from './fixtures.ts';

const { ctex, stex, szse } = books;
const AT = '2026-03-02';
const person: Party = { name: '示例', kind: 'natural', nature: 'natural-person', country: '142' };
const foreign: Party = { ...buyer, nature: 'foreign', country: '502' };
const hongKong: Party = { ...buyer, nature: 'hk-mo-tw', country: '110' };

function admitted(who: Party, home = ctex, host = stex, over: Partial<Listing> = {}): [string, string[]] {
  const { verdict, issues } = admitBuyer(listing(home.exchange, over), who, home, host, AT);
  return [verdict, issues.map(({ code, clause }) => `${code} ${clause}`)];
}

test('a mainland company is admitted everywhere', () => {
  expect(admitted(buyer)).toEqual(['admit', []]);
  expect(admitted(buyer, ctex, szse)).toEqual(['admit', []]);
});

test('a natural person is admitted where the host says so', () => {
  expect(admitted(person)).toEqual(['admit', []]);
  expect(admitted(person, szse, ctex)).toEqual(['admit', []]);
  expect(admitted(person, ctex, szse)).toEqual(['refuse', ['party-refused szse.natural-person-buyer']]);
});

test('a party from outside the mainland needs both exchanges, the stricter counts', () => {
  expect(admitted(foreign)).toEqual(['hold', ['party-hold ctex.foreign-party', 'party-hold stex.foreign-party']]);
  expect(admitted(hongKong, szse, ctex)[0]).toBe('refuse');
  expect(admitted(hongKong, ctex, szse)[0]).toBe('refuse');
});

test('the seller may keep out foreign buyers and natural persons', () => {
  expect(admitted(person, ctex, stex, { eligibility: { naturalPerson: false } })).toEqual([
    'refuse',
    ['party-refused ctex.listing.eligibility'],
  ]);
  expect(admitted(foreign, ctex, stex, { eligibility: { foreign: false } })[0]).toBe('refuse');
  expect(admitted(buyer, ctex, stex, { eligibility: { foreign: false, naturalPerson: false } })[0]).toBe('admit');
});

test('a State-owned seller may not: beyond the law no buyer is kept out', () => {
  const soe = { regime: 'soe-asset', eligibility: { naturalPerson: false, foreign: false } } as const;
  expect(admitted(person, ctex, szse, soe)).toEqual(['admit', []]);
  expect(admitted(foreign, ctex, stex, soe)[0]).toBe('hold');
});

test('without a rulebook in force nobody is admitted', () => {
  const { verdict, issues } = admitBuyer(listing('ctex'), buyer, [ctex], [stex], '2025-06-01');
  expect([verdict, issues.map(({ code }) => code)]).toEqual([
    'refuse',
    ['rulebook-not-in-force', 'rulebook-not-in-force'],
  ]);
});
