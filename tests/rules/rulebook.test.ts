import { readFileSync } from 'node:fs';
import type { Clause } from '../../src/rules/clause.ts';
import { requiredDimensions } from '../../src/rules/contradiction.ts';
import { inForce, readRulebook } from '../../src/rules/rulebook.ts';
import { statuteClauses } from '../../src/rules/statute.ts';
import { books, copy, document, read } from './fixtures.ts';

/** The ctex rulebook changed, and what is said of it: `code pointer` each. */
function refusals(change: (book: ReturnType<typeof document> & { clauses: Clause[] }) => void): string[] {
  const book = document('ctex');
  change(book as never);
  const checked = readRulebook(book);
  if (checked.ok) return [];
  for (const { zh, en } of checked.refusals) expect([zh, en]).not.toContain('');
  return checked.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
}

const index = (id: string) => document('ctex').clauses.findIndex((clause) => clause.id === id);

describe('a rulebook', () => {
  test('as shipped is taken, at version 1, in force from 2026-01-01 without end', () => {
    for (const exchange of ['ctex', 'stex', 'szse'] as const) {
      const { version, from, to, sha256, exchange: whose } = books[exchange];
      expect({ version, from, to, whose }).toEqual({ version: 1, from: '2026-01-01', to: undefined, whose: exchange });
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(new Set(Object.values(books).map(({ sha256 }) => sha256)).size).toBe(3);
  });

  test('calls statute only what an instrument says, with its name and article or number', () => {
    const clauses: Clause[] = [...statuteClauses];
    for (const book of Object.values(books)) clauses.push(...book.document.clauses);
    for (const { id, provenance, basis } of clauses) {
      expect([id, provenance]).not.toEqual([id, 'published']);
      if (provenance === 'statute') expect(`${id} ${basis.zh}`).toMatch(/第\d+条|〔\d{4}〕\d+号|办法》|条例》/);
      else expect(`${id} ${basis.zh}`).toMatch(/假设|尚无依据/);
    }
  });

  test('has the value of the schema it shares with listings', () => {
    const schema = (name: string) =>
      JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'));
    const [listing, common, rulebook] = ['listing', 'common', 'rulebook'].map(schema);
    expect(rulebook.$defs.objectType.enum).toEqual(listing.$defs.objectType.enum);
    expect(rulebook.$defs.objectTypesClause.properties.value.items.enum).toEqual(listing.$defs.objectType.enum);
    expect(rulebook.$defs.regime.enum).toEqual(listing.properties.regime.enum);
    expect(rulebook.$defs.priceKindsClause.properties.value.items.enum).toEqual(
      listing.properties.price.properties.kind.enum,
    );
    expect(rulebook.$defs.modesClause.properties.value.items.enum).toEqual(common.$defs.mode.enum);
    expect(rulebook.$defs.dealTypesClause.properties.value.items.enum).toEqual(common.$defs.dealType.enum);
  });

  test.each(requiredDimensions)('without a clause on %s is refused', (dimension) => {
    const found = refusals((book) => {
      book.clauses = book.clauses.filter((clause) => clause.dimension !== dimension) as never;
    });
    expect(found).toEqual(['missing-field /clauses']);
  });

  test('that is no rulebook at all is refused without a crash', () => {
    for (const json of [null, undefined, 7, 'x', [], {}, { kind: 'rulebook' }, { clauses: [null, 1, {}] }]) {
      expect(readRulebook(json).ok).toBe(false);
    }
  });

  test('with an unknown key, dimension, code or amount is refused at its place, and nowhere else', () => {
    expect(refusals((book) => Object.assign(book, { extra: 1 }))).toEqual(['unknown-field /extra']);
    const modes = index('ctex.modes');
    const change = (over: object) => refusals((book) => void Object.assign(book.clauses[modes]!, over));
    expect(change({ dimension: 'weather' })).toEqual([`unknown-code /clauses/${modes}/dimension`]);
    expect(change({ value: ['agreement', 'haggling'] })).toEqual([`unknown-code /clauses/${modes}/value/1`]);
    expect(change({ dimension: 'export' })).toEqual([`unknown-code /clauses/${modes}/dimension`]);
    expect(change({ dimension: undefined })).toEqual([`missing-field /clauses/${modes}/dimension`]);
    expect(change({ value: { days: 3 } })).toEqual([`wrong-type /clauses/${modes}/value`]);
    expect(change({ provenance: 'hearsay' })).toEqual([`unknown-code /clauses/${modes}/provenance`]);
    expect(change({ from: '2026-02-30' })).toEqual([`bad-date /clauses/${modes}/from`]);
    expect(change({ when: { moon: 'full' } })).toEqual([`unknown-field /clauses/${modes}/when/moon`]);
    expect(change({ when: { priceFrom: '1.5' } })).toEqual([`bad-money /clauses/${modes}/when/priceFrom`]);
  });

  test('with an id twice, or of another exchange, is refused', () => {
    expect(refusals((book) => void Object.assign(book.clauses[1]!, { id: book.clauses[0]!.id }))).toEqual([
      'duplicate-key /clauses/1/id',
    ]);
    expect(refusals((book) => void Object.assign(book.clauses[1]!, { id: 'szse.x' }))).toEqual([
      'inconsistent /clauses/1/id',
    ]);
  });

  test('with two clauses for the same case is refused, and is taken when time or condition parts them', () => {
    const last = document('ctex').clauses.length;
    const twin = (over: object) =>
      refusals((book) => {
        const clause = copy(book.clauses[index('ctex.disclosure.private')]!);
        book.clauses.push({ ...clause, id: 'ctex.twin', ...over } as never);
      });
    expect(twin({})).toEqual([`inconsistent /clauses/${last}`]);
    expect(twin({ when: {} })).toEqual([`inconsistent /clauses/${last}`]);
    expect(twin({ when: { regime: ['private'], mode: ['tender'] } })).toEqual([`inconsistent /clauses/${last}`]);
    expect(twin({ when: { regime: ['soe-asset'], priceFrom: '5.00', priceBelow: '6.00' } })).toEqual([
      `inconsistent /clauses/${last}`,
    ]);
    expect(twin({ to: '2025-12-31', from: '2025-01-01' })).toEqual([]);
    expect(twin({ when: { regime: ['public-rnd'] } })).toEqual([]);
  });

  test('with tiers or hours out of order, an empty price range, or an end before its beginning is refused', () => {
    const at = (id: string, over: object) => refusals((book) => void Object.assign(book.clauses[index(id)]!, over));
    const fees = index('ctex.fees');
    const tiers = (list: object[]) => at('ctex.fees', { value: { method: 'flat', tiers: list } });
    expect(tiers([{ upTo: '5.00', rate: '0.01' }, { upTo: '5.00', rate: '0.02' }, { rate: '0.03' }])).toEqual([
      `inconsistent /clauses/${fees}/value/tiers`,
    ]);
    expect(tiers([{ upTo: '5.00', rate: '0.01' }])).toEqual([`inconsistent /clauses/${fees}/value/tiers`]);
    expect(tiers([{ rate: '0.01' }, { rate: '0.01' }])).toEqual([`inconsistent /clauses/${fees}/value/tiers`]);
    expect(tiers([{ upTo: '5.00', rate: '0.01' }, { rate: '0.03' }])).toEqual([]);
    expect(at('ctex.fees', { value: { method: 'flat', tiers: [{ rate: '0.01' }], min: '2.00', max: '1.00' } })).toEqual(
      [`inconsistent /clauses/${fees}/value/min`],
    );
    expect(at('ctex.hours', { value: [{ from: '13:00', to: '09:00' }] })).toEqual([
      `inconsistent /clauses/${index('ctex.hours')}/value`,
    ]);
    const low = index('ctex.disclosure.soe-asset.middle');
    const when = { regime: ['soe-asset'], priceFrom: '3000000.00', priceBelow: '2000000.00' };
    expect(at('ctex.disclosure.soe-asset.middle', { when })).toContain(`inconsistent /clauses/${low}/when/priceBelow`);
    expect(at('ctex.extension', { to: '2025-01-01' })).toEqual([`inconsistent /clauses/${index('ctex.extension')}/to`]);
    expect(refusals((book) => void Object.assign(book, { to: '2025-01-01' }))).toContain('inconsistent /to');
  });

  test('may change a required rule in mid-life, but leaves no day without it', () => {
    const split = (end: string, begin: string) =>
      refusals((book) => {
        const clause = book.clauses[index('ctex.modes')]!;
        book.clauses.push({ ...copy(clause), id: 'ctex.modes.2', from: begin } as never);
        clause.to = end;
      });
    expect(split('2026-06-30', '2026-07-01')).toEqual([]);
    expect(split('2026-06-30', '2026-07-02')).toEqual(['missing-field /clauses']);
  });
});

describe('the version in force', () => {
  const second = read({ ...document('ctex'), version: 2, from: '2026-07-01' });
  const third = read({ ...document('ctex'), version: 3, from: '2026-09-01', to: '2026-09-30' });

  test('is the highest of those that have begun and not ended', () => {
    const history = [second, books.ctex, third];
    const at = (when: string) => inForce(history, when)?.version;
    expect(at('2025-12-31')).toBeUndefined();
    expect(['2026-01-01', '2026-06-30', '2026-07-01', '2026-08-31'].map(at)).toEqual([1, 1, 2, 2]);
    expect(['2026-09-01', '2026-09-30', '2026-10-01'].map(at)).toEqual([3, 3, 2]);
    expect(at('2026-06-30T23:59:59+08:00')).toBe(1);
    expect(inForce([], '2026-07-01')).toBeUndefined();
    expect(inForce(second, '2026-06-30')).toBeUndefined();
  });

  test('has a hash that changes with any value and with nothing else', () => {
    const other = document('ctex');
    other.clauses[0]!.basis.en += '.';
    expect(read(other).sha256).not.toBe(books.ctex.sha256);
    expect(read(Object.fromEntries(Object.entries(document('ctex')).reverse())).sha256).toBe(books.ctex.sha256);
  });
});

test('the statutory floor has the form of a rulebook, save what only law can say', () => {
  const book = document('ctex');
  const clauses = statuteClauses
    .filter(({ dimension }) => dimension !== 'export')
    .map((clause) => ({ ...clause, id: clause.id.replace('law.', 'ctex.law.') }));
  const others = book.clauses.filter(({ dimension }) => !clauses.some((clause) => clause.dimension === dimension));
  const checked = readRulebook({ ...book, clauses: [...clauses, ...others] });
  // payment and instalments of equity alone: what a rulebook needs without condition is missing, nothing else.
  expect(checked.ok ? [] : checked.refusals.map(({ code, en }) => `${code} ${en.split(': ')[1]}`)).toEqual([
    'missing-field instalments',
  ]);
});
