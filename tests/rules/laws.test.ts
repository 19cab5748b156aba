import fc from 'fast-check';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { Rulebook as RulebookDocument } from '../../src/contract/generated/messages.ts';
import type { Json } from '../../src/contract/json.ts';
import type { Listing } from '../../src/contract/message.ts';
import { putAt, type Tree } from '../../src/contract/tree.ts';
import { compileClauses } from '../../src/rules/clause.ts';
import { type Decision, decide } from '../../src/rules/decide.ts';
import { compareVerdicts } from '../../src/rules/issue.ts';
import { readRulebook } from '../../src/rules/rulebook.ts';
import { termsApplied } from '../../src/rules/terms.ts';
import { anyCase, type Case, documentOf, rulebookOf, runs } from './arbitrary.ts';
import { books, copy, document, isMessage, read } from './fixtures.ts';
import { judge, type OracleBook, prose } from './oracle.ts';

function decided(one: Case, over: { listing?: Listing; homeBook?: OracleBook; hostBook?: OracleBook } = {}): Decision {
  return decide(
    over.listing ?? one.listing,
    rulebookOf(one.home, over.homeBook ?? one.homeBook),
    rulebookOf(one.host, over.hostBook ?? one.hostBook),
    one.date,
    one.lastConcludedOn === undefined ? {} : { lastConcludedOn: one.lastConcludedOn },
  );
}

const codesOf = (decision: Decision) => [...new Set(decision.issues.map(({ code }) => code))].sort();

test('every drawn listing is a message an exchange could send', () => {
  fc.assert(
    fc.property(anyCase, ({ listing }) => isMessage(listing)),
    runs,
  );
});

test('sound and complete: verdict, every reason, last day and deposit are what a second reading of the prose finds', () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      const decision = decided(one);
      const answer = judge(one.listing, one.homeBook, one.hostBook, one.date, one.lastConcludedOn);
      expect({
        verdict: decision.verdict,
        codes: codesOf(decision),
        endsOn: decision.terms.disclosure?.endsOn,
        depositFen: decision.terms.deposit?.value
          ? Number(decision.terms.deposit.value.amount.amount.replace('.', ''))
          : undefined,
      }).toEqual(answer);
    }),
    { ...runs, numRuns: runs.numRuns * 5 },
  );
});

test('the shipped rulebooks say what the rule value table says', () => {
  for (const exchange of ['ctex', 'stex', 'szse'] as const) {
    expect(documentOf(exchange, prose[exchange])).toEqual(document(exchange));
  }
});

test('monotone: a rulebook made stricter never makes a verdict milder', () => {
  const stricter = fc.constantFrom<(book: OracleBook) => Partial<OracleBook>>(
    (book) => ({ privateDisclosure: { ...book.privateDisclosure, days: book.privateDisclosure.days + 7 } }),
    () => ({ privateDisclosure: { days: 3000, dayKind: 'working' } }),
    () => ({ calendar: 'securities' }),
    () => ({ startDay: 'excluded' }),
    (book) => (book.modes.length > 1 ? { modes: book.modes.slice(1) } : {}),
    (book) => (book.objectTypes.length > 1 ? { objectTypes: book.objectTypes.slice(1) } : {}),
    (book) => (book.dealTypes.length > 1 ? { dealTypes: book.dealTypes.slice(1) } : {}),
    (book) => (book.priceKinds.length > 1 ? { priceKinds: book.priceKinds.slice(1) } : {}),
    (book) => ({ depositCapPercent: Math.max(1, book.depositCapPercent - 10) }),
    () => ({ instalments: false }),
    () => ({ soeLicence: 'unknown' }),
    () => ({ soeLicence: 'no' }),
    (book) => ({ foreign: book.foreign === 'admit' ? 'hold' : 'refuse' }),
    (book) => ({ hkMoTw: book.hkMoTw === 'admit' ? 'hold' : 'refuse' }),
  );
  fc.assert(
    fc.property(anyCase, stricter, fc.boolean(), (one, tighten, atHome) => {
      const before = decided(one);
      const after = atHome
        ? decided(one, { homeBook: { ...one.homeBook, ...tighten(one.homeBook) } })
        : decided(one, { hostBook: { ...one.hostBook, ...tighten(one.hostBook) } });
      expect(compareVerdicts(after.verdict, before.verdict)).toBeGreaterThanOrEqual(0);
    }),
    runs,
  );
});

test('explained: a listing with the changes made is relayed, and they are what termsApplied does', () => {
  let seen = 0;
  fc.assert(
    fc.property(anyCase, (one) => {
      const decision = decided(one);
      if (decision.verdict !== 'relay-with-terms') return;
      seen++;
      const changed = copy(one.listing) as unknown as Tree;
      for (const { pointer, to } of decision.changes) putAt(changed, pointer, copy(to) as Json);
      expect(changed).toEqual(termsApplied(one.listing, decision));
      expect(isMessage(changed as unknown as Listing)).toBe(true);
      expect(decided(one, { listing: changed as unknown as Listing }).verdict).toBe('relay');
    }),
    { ...runs, numRuns: runs.numRuns * 5 },
  );
  expect(seen).toBeGreaterThan(0);
});

test('explained: an issue goes with the clause it cites, or with the condition that fired it', () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      const [home, host] = [documentOf(one.home, one.homeBook), documentOf(one.host, one.hostBook)];
      for (const issue of decided(one).issues) {
        if (issue.clause.startsWith('law.')) continue;
        const [a, b] = [home, host].map((json) => {
          const left = without(json, issue.clause, one);
          return { ...books[left.exchange], rules: compileClauses(left.clauses) };
        });
        const after = decide(one.listing, a!, b!, one.date);
        const again = after.issues.some(({ code, clause }) => code === issue.code && clause === issue.clause);
        expect({ clause: issue.clause, again }).toEqual({ clause: issue.clause, again: false });
      }
    }),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 2) },
  );
});

/** The rulebook without a clause; where a book must have one, with the value that admits the listing. */
function without(json: RulebookDocument, id: string, one: Case): RulebookDocument {
  const book = copy(json);
  const admitting: Record<string, unknown> = {
    modes: [one.listing.mode],
    'object-types': [one.listing.object.type],
    'deal-types': [one.listing.dealType],
    'price-kinds': [one.listing.price.kind],
    regimes: [one.listing.regime],
    instalments: { admitted: true },
    'soe-licence': 'yes',
    'foreign-party': 'admit',
    'hk-mo-tw-party': 'admit',
  };
  // What the calendar cannot reach is not the calendar clause's fault but the lengths counted by it.
  const isCalendar = book.clauses.some((clause) => clause.id === id && clause.dimension === 'calendar');
  const kept = book.clauses.flatMap((clause) => {
    if (isCalendar && (clause.dimension === 'disclosure' || clause.dimension === 'notice')) return [];
    if (clause.id !== id || isCalendar) return [clause];
    return clause.dimension in admitting ? [{ ...clause, value: admitting[clause.dimension] as never }] : [];
  });
  return { ...book, clauses: kept as RulebookDocument['clauses'] };
}

test('deterministic: the order of keys and of clauses changes neither decision nor hash', () => {
  fc.assert(
    fc.property(anyCase, fc.infiniteStream(fc.nat()), (one, stream) => {
      const shuffled = (exchange: Exchange, book: OracleBook) => {
        const shuffledBook = readRulebook(reorder(documentOf(exchange, book) as unknown as Json, stream));
        if (!shuffledBook.ok) throw new Error('not a rulebook');
        return shuffledBook.value;
      };
      const home = shuffled(one.home, one.homeBook);
      expect(home.sha256).toBe(read(documentOf(one.home, one.homeBook)).sha256);
      const context = one.lastConcludedOn === undefined ? {} : { lastConcludedOn: one.lastConcludedOn };
      const listing = reorder(one.listing as unknown as Json, stream) as unknown as Listing;
      const host = shuffled(one.host, one.hostBook);
      const again = decide(listing, home, host, one.date, context);
      const once = decided(one);
      expect(JSON.stringify(decided(one))).toBe(JSON.stringify(once));
      expect({ ...again, rulebooks: once.rulebooks }).toEqual(once);
    }),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 8) },
  );
});

function reorder(value: Json, stream: fc.Stream<number>): Json {
  if (Array.isArray(value)) return value.map((member) => reorder(member as Json, stream));
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).map((key) => ({ key, rank: stream.next().value as number }));
  keys.sort((a, b) => a.rank - b.rank);
  return Object.fromEntries(keys.map(({ key }) => [key, reorder((value as Record<string, Json>)[key]!, stream)]));
}
