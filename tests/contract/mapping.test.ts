import fc from 'fast-check';
import type { JsonObject } from '../../src/contract/json.ts';
import { type Mapping, readTree, writeTree } from '../../src/contract/mapping.ts';
import { place, randomTable, sent, table } from './tables.ts';

function refusalsOf(native: JsonObject): readonly string[] {
  return readTree(table, native, '/data').refusals.map(({ code: why, pointer }) => `${why} ${pointer}`);
}

describe('reading', () => {
  test('every row puts its value where it belongs, and what is implied is derived', () => {
    const read = readTree(table, sent);
    expect(read).toEqual({
      refusals: [],
      value: {
        nativeId: 'TJ-1',
        title: '项目',
        mode: 'agreement',
        seller: { name: '甲' },
        disclosure: { notice: { startsOn: '2026-03-02', endsOn: '2026-03-17' } },
        pledged: false,
        object: { ip: [{ type: 'invention' }] },
        extensions: { ctex: { contact: { dept: '项目部', deep: [{ a: null }] } } },
        regime: 'private',
      },
    });
  });

  test.each<[string, JsonObject, readonly string[]]>([
    ['a needed field that is absent', { name: 'x' }, ['missing-field /data/no']],
    ['a needed field that is blank', { no: '', name: null }, ['missing-field /data/no', 'missing-field /data/name']],
    ['an unknown code', { no: '1', name: 'x', way: 'ZZ' }, ['unknown-code /data/way']],
    ['a code that is a list holding a code', { no: '1', name: 'x', way: ['GP'] }, ['unknown-code /data/way']],
    ['a code named like a method', { no: '1', name: 'x', way: 'toString' }, ['unknown-code /data/way']],
    ['a field in no row', { no: '1', name: 'x', more: 1 }, ['unknown-field /data/more']],
    ['a blank field in no row', { no: '1', name: 'x', more: null }, ['unknown-field /data/more']],
    ['a nested field in no row', { no: '1', name: 'x', seller: { vip: 1 } }, ['unknown-field /data/seller/vip']],
    ['a key that needs escaping', { no: '1', name: 'x', 'a/b~c': 1 }, ['unknown-field /data/a~1b~0c']],
    ['a value where an object is due', { no: '1', name: 'x', seller: '甲' }, ['unknown-field /data/seller']],
    ['a list where an object is due', { no: '1', name: 'x', seller: [] }, ['unknown-field /data/seller']],
    ['an object where a list is due', { no: '1', name: 'x', rights: {} }, ['wrong-type /data/rights']],
    ['a needed field of a member', { no: '1', name: 'x', rights: [{}] }, ['missing-field /data/rights/0/kind']],
    [
      'a bad value in the second member',
      { no: '1', name: 'x', rights: [{ kind: 'FM' }, { kind: 'FM', title: 7 }] },
      ['wrong-type /data/rights/1/title'],
    ],
    [
      'a member with a field too many',
      { no: '1', name: 'x', rights: [{ kind: 'FM', z: 1 }] },
      ['unknown-field /data/rights/0/z'],
    ],
  ])('%s is refused with its pointer', (_, native, expected) => {
    expect(refusalsOf(native)).toEqual(expected);
  });

  test('a member that is no object is refused', () => {
    expect(refusalsOf({ no: '1', name: 'x', rights: ['FM'] })).toContain('wrong-type /data/rights/0');
  });

  test('all reasons are given, not the first', () => {
    expect(refusalsOf({ way: 'ZZ', notice: { start: '20260230' }, more: {} })).toEqual([
      'missing-field /data/no',
      'missing-field /data/name',
      'unknown-code /data/way',
      'bad-date /data/notice/start',
      'unknown-field /data/more',
    ]);
  });

  test('an object with a field named toString is refused like any other, wherever it stands', () => {
    const odd = { toString: 1, valueOf: 1 };
    for (const key of Object.keys(sent).filter((name) => name !== 'contact')) {
      expect(refusalsOf({ ...sent, [key]: odd })).not.toEqual([]);
    }
  });
});

describe('writing', () => {
  test('blanks are written as the exchange writes them', () => {
    const { native, refusals, loss } = writeTree(table, { nativeId: 'TJ-1', title: '项目' });
    expect({ native, refusals, loss }).toEqual({
      native: { no: 'TJ-1', name: '项目', scope: null, rights: [], notice: null },
      refusals: [],
      loss: [],
    });
  });

  test('of two native codes for one word the first is written', () => {
    expect(writeTree(table, { nativeId: '1', title: 'x', mode: 'listing' }).native.way).toBe('GP');
  });

  test('what the deal depends on and cannot be said is refused', () => {
    const { refusals } = writeTree(table, {
      nativeId: '1',
      title: 'x',
      mode: 'auction',
      license: { scope: 'sole' },
      price: { kind: 'fixed' },
      object: { ip: [{ type: 'design', title: 't' }] },
    });
    expect(refusals.map(({ code: why, pointer }) => `${why} ${pointer}`)).toEqual([
      'not-expressible /mode',
      'not-expressible /license/scope',
      'not-expressible /object/ip/0/type',
      'not-expressible /price',
    ]);
  });

  test('what it does not depend on is left out and listed', () => {
    const { refusals, loss } = writeTree(table, { nativeId: '1', title: 'x', summary: '摘要' });
    expect(refusals).toEqual([]);
    expect(loss.map(({ pointer }) => pointer)).toEqual(['/summary']);
    expect(loss[0]!.zh).not.toBe('');
    expect(loss[0]!.en).not.toBe('');
  });

  test('a needed field that the message has not is refused', () => {
    expect(writeTree(table, { title: 'x' }).refusals.map(({ pointer }) => pointer)).toEqual(['/nativeId']);
  });

  test('a derived value other than what the native form implies is not sent in silence', () => {
    const wrong = writeTree(table, { nativeId: '1', title: 'x', mode: 'agreement', regime: 'soe-asset' });
    expect(wrong.refusals.map(({ pointer }) => pointer)).toEqual(['/regime']);
    expect(writeTree(table, { nativeId: '1', title: 'x', mode: 'agreement', regime: 'private' }).refusals).toEqual([]);
  });

  test("another exchange's extensions are neither loss nor refused", () => {
    const { refusals, loss } = writeTree(table, { nativeId: '1', title: 'x', extensions: { stex: { BZ: '可' } } });
    expect([refusals, loss]).toEqual([[], []]);
  });
});

describe('properties of any table', () => {
  test('what is written is read again as the same', () => {
    fc.assert(
      fc.property(randomTable, randomTable, fc.boolean(), ({ rows, given }, group, always) => {
        const members = [place(group.rows, group.given), {}];
        const each: Mapping = { rows: [...rows, { native: 'nn', unified: 'uu', each: group.rows, always }] };
        const unified = { ...place(rows, given), uu: members };
        const written = writeTree(each, unified);
        expect([written.refusals, written.loss]).toEqual([[], []]);
        expect(readTree(each, written.native)).toMatchObject({ refusals: [], value: unified });
      }),
    );
  });

  test('leaving a row out of the table is noticed in both directions', () => {
    fc.assert(
      fc.property(randomTable, ({ rows, given }) => {
        const unified = place(rows, given);
        const { native } = writeTree({ rows }, unified);
        for (const [i] of rows.entries()) {
          if (given[i] === undefined) continue;
          const fewer = { rows: rows.filter((_, j) => j !== i) };
          expect(readTree(fewer, native).refusals).not.toEqual([]);
          expect(writeTree(fewer, unified).loss).not.toEqual([]);
        }
      }),
    );
  });

  test('any JSON at all is read or refused, never thrown on', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(sent), 'x'), fc.jsonValue()), (native) => {
        expect(Array.isArray(readTree(table, native as JsonObject).refusals)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
