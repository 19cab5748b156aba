import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/contract/json.ts';
import { asSentOver, readTree, writeTree } from '../../src/contract/mapping.ts';
import { put, putAt, same, type Tree } from '../../src/contract/tree.ts';
import { place, randomTable, sent, table } from './tables.ts';

describe('giving back what was sent', () => {
  function back(native: JsonObject): JsonObject {
    const read = readTree(table, native);
    expect(read.refusals).toEqual([]);
    const { native: ours } = writeTree(table, read.value);
    return read.asSent === undefined ? ours : asSentOver(ours, read.asSent);
  }

  test.each<[string, JsonObject]>([
    ['a message written our way', sent],
    ['the second code for a word', { ...sent, way: 'GP2' }],
    ['an absence that we would spell out', { no: '1', name: 'x', notice: null }],
    ['a spelled-out blank where we leave the key out', { ...sent, seller: { name: '甲', born: null, fax: '' } }],
    ['an empty group left out', { no: '1', name: 'x', scope: null, notice: null }],
    ['an empty group written as null', { ...sent, rights: null }],
    ['an object written as null', { ...sent, seller: null }],
    ['an object written empty', { ...sent, seller: {} }],
    ['a blank object left out', { no: '1', name: 'x', scope: null, rights: [] }],
    ['a blank object written empty', { ...sent, notice: {} }],
    ['a blank object written as text', { ...sent, notice: '' }],
    ['blanks inside a blank object', { ...sent, notice: { start: null, end: null } }],
    ['a blank in a member', { ...sent, rights: [{ kind: 'FM', title: null }, { kind: 'FM' }] }],
  ])('%s comes back as it was', (_, native) => {
    expect(back(native)).toEqual(native);
  });

  test('what is no record of what was sent changes nothing and throws nothing', () => {
    const ours = { a: 1, list: [{ b: 2 }] };
    for (const odd of [
      null,
      undefined,
      7,
      'x',
      [],
      {},
      { written: null, absent: 3 },
      { written: [], absent: [{}] },
      { written: { '': 1 }, absent: [''] },
      { written: { '/list/length': 4_000_000_000 } },
      { written: { '/list/7': 1, '/list/x': 1, '/list/-1': 1 } },
      { written: { '/__proto__/polluted': 1, '/__proto__': { polluted: 1 } } },
      { absent: ['/list/0', '/list/length', '/__proto__/toString', '/x/y/z', '/list/9/b'] },
    ]) {
      expect(asSentOver(ours, odd)).toEqual(ours);
    }
    asSentOver({}, { written: { '/constructor/prototype/polluted': 1 } });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

test('whatever was sent and read comes back as it was', () => {
  const blank = fc.constantFrom<Json | undefined>(undefined, null, '');
  const blanks = fc.array(blank, { minLength: 8, maxLength: 8 });
  const holder = fc.constantFrom<Json | undefined | 'as it is'>('as it is', undefined, null, '', {});
  fc.assert(
    fc.property(randomTable, blanks, holder, ({ rows, given }, spelled, whole) => {
      const native = structuredClone(writeTree({ rows }, place(rows, given)).native) as Tree;
      // Every absence in one of its three spellings, and where a whole object is absent, that in its own.
      for (const [i, row] of rows.entries()) if (given[i] === undefined) spell(native, row.native, spelled[i]);
      const unset = rows.every((row, i) => !row.native.startsWith('n0.') || given[i] === undefined);
      if (unset && whole !== 'as it is' && rows.some((row) => row.native.startsWith('n0.'))) spell(native, 'n0', whole);

      const read = readTree({ rows }, native);
      expect(read.refusals).toEqual([]);
      const ours = writeTree({ rows }, read.value).native;
      expect(read.asSent === undefined ? ours : asSentOver(ours, read.asSent)).toEqual(native);
    }),
    { numRuns: 500 },
  );
});

function spell(native: Tree, path: string, value: Json | undefined): void {
  put(native, path, value ?? null);
  if (value === undefined) putAt(native, `/${path.replace('.', '/')}`, undefined);
}

test('a list is never taken for the object with the same members', () => {
  expect(same([], {})).toBe(false);
  expect(same({ 0: 1 }, [1])).toBe(false);
  expect(same({ a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] })).toBe(true);
});
