import fc from 'fast-check';
import { code, date, flag, raw, text, whole } from '../../src/contract/codecs.ts';
import type { Json, JsonObject } from '../../src/contract/json.ts';
import { asSentOver, type Codec, type Mapping, type Row, readTree, writeTree } from '../../src/contract/mapping.ts';

const listing: Mapping = {
  rows: [
    { native: 'no', unified: 'nativeId', codec: text(64), need: true },
    { native: 'name', unified: 'title', codec: text(200), need: true },
    { native: 'way', unified: 'mode', codec: code({ GP: 'listing', GP2: 'listing', XY: 'agreement' }) },
    { native: 'scope', unified: 'license.scope', codec: code({ PT: 'ordinary' }), blank: null },
    { native: 'seller.name', unified: 'seller.name', codec: text(200) },
    { native: 'seller.born', unified: 'seller.country', codec: text(3) },
    { native: 'seller.fax', unified: 'extensions.ctex.fax', codec: text() },
    { native: 'notice.start', unified: 'disclosure.notice.startsOn', codec: date('compact') },
    { native: 'notice.end', unified: 'disclosure.notice.endsOn', codec: date('compact') },
    { native: 'pledged', unified: 'pledged', codec: flag('0', '1') },
    {
      native: 'rights',
      unified: 'object.ip',
      always: true,
      blank: [],
      each: [
        { native: 'kind', unified: 'type', codec: code({ FM: 'invention' }), need: true },
        { native: 'title', unified: 'title', codec: text(200), blank: '' },
      ],
    },
    { native: 'contact', unified: 'extensions.ctex.contact', codec: raw },
  ],
  derived: [{ unified: 'regime', of: (u) => (u.mode === 'agreement' ? 'private' : 'soe-asset') }],
  blanks: { notice: null },
};

const sent: JsonObject = {
  no: 'TJ-1',
  name: '项目',
  way: 'XY',
  scope: null,
  seller: { name: '甲' },
  notice: { start: '20260302', end: '20260317' },
  pledged: '0',
  rights: [{ kind: 'FM', title: '' }],
  contact: { dept: '项目部', deep: [{ a: null }] },
};

function refusalsOf(native: JsonObject): readonly string[] {
  return readTree(listing, native, '/data').refusals.map(({ code: why, pointer }) => `${why} ${pointer}`);
}

describe('reading', () => {
  test('every row puts its value where it belongs, and what is implied is derived', () => {
    const read = readTree(listing, sent);
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
    const { native, refusals, loss } = writeTree(listing, { nativeId: 'TJ-1', title: '项目' });
    expect({ native, refusals, loss }).toEqual({
      native: { no: 'TJ-1', name: '项目', scope: null, rights: [], notice: null },
      refusals: [],
      loss: [],
    });
  });

  test('of two native codes for one word the first is written', () => {
    expect(writeTree(listing, { nativeId: '1', title: 'x', mode: 'listing' }).native.way).toBe('GP');
  });

  test('what the deal depends on and cannot be said is refused', () => {
    const { refusals } = writeTree(listing, {
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
    const { refusals, loss } = writeTree(listing, { nativeId: '1', title: 'x', summary: '摘要' });
    expect(refusals).toEqual([]);
    expect(loss.map(({ pointer }) => pointer)).toEqual(['/summary']);
    expect(loss[0]!.zh).not.toBe('');
    expect(loss[0]!.en).not.toBe('');
  });

  test('a needed field that the message has not is refused', () => {
    expect(writeTree(listing, { title: 'x' }).refusals.map(({ pointer }) => pointer)).toEqual(['/nativeId']);
  });

  test('a derived value other than what the native form implies is not sent in silence', () => {
    const wrong = writeTree(listing, { nativeId: '1', title: 'x', mode: 'agreement', regime: 'soe-asset' });
    expect(wrong.refusals.map(({ pointer }) => pointer)).toEqual(['/regime']);
    expect(writeTree(listing, { nativeId: '1', title: 'x', mode: 'agreement', regime: 'private' }).refusals).toEqual(
      [],
    );
  });

  test("another exchange's extensions are neither loss nor refused", () => {
    const { refusals, loss } = writeTree(listing, { nativeId: '1', title: 'x', extensions: { stex: { BZ: '可' } } });
    expect([refusals, loss]).toEqual([[], []]);
  });
});

describe('giving back what was sent', () => {
  function back(native: JsonObject): JsonObject {
    const read = readTree(listing, native);
    expect(read.refusals).toEqual([]);
    const { native: ours } = writeTree(listing, read.value);
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

/** Codecs with values that they take in both directions. */
const codecs: readonly { readonly codec: Codec; readonly unified: fc.Arbitrary<Json> }[] = [
  { codec: text(), unified: fc.string({ minLength: 1, unit: fc.constantFrom('a', '龦', '~', '/') }) },
  { codec: whole(0, 999), unified: fc.nat(999) },
  { codec: whole(0, 999, true), unified: fc.nat(999) },
  { codec: date('compact'), unified: fc.constantFrom('2026-03-02', '2024-02-29') },
  { codec: flag('N', 'Y'), unified: fc.boolean() },
  { codec: code({ A: 'one', B: 'two', C: 'two' }), unified: fc.constantFrom('one', 'two') },
];

/** A table of random rows (paths of one or two steps that never collide) and a value for some of them. */
const table = fc
  .array(fc.tuple(fc.nat(codecs.length - 1), fc.boolean(), fc.boolean(), fc.constantFrom(undefined, null, '')), {
    minLength: 1,
    maxLength: 8,
  })
  .chain((picks) => {
    const rows = picks.map(
      ([pick, deepNative, deepUnified, blank], i): Row => ({
        native: deepNative ? `n${i % 3}.v${i}` : `f${i}`,
        unified: deepUnified ? `u${i % 2}.w${i}` : `g${i}`,
        codec: codecs[pick]!.codec,
        ...(blank === undefined ? {} : { blank }),
      }),
    );
    const given = fc.tuple(...picks.map(([pick]) => fc.option(codecs[pick]!.unified, { nil: undefined })));
    return fc.record({ rows: fc.constant(rows), given });
  });

function place(rows: readonly Row[], given: readonly (Json | undefined)[]): JsonObject {
  const tree: Record<string, Json> = {};
  for (const [i, row] of rows.entries()) {
    const value = given[i];
    if (value === undefined) continue;
    const [outer, inner] = row.unified.split('.') as [string, string?];
    if (inner === undefined) tree[outer] = value;
    else tree[outer] = { ...(tree[outer] as JsonObject | undefined), [inner]: value };
  }
  return tree;
}

describe('properties of any table', () => {
  test('what is written is read again as the same', () => {
    fc.assert(
      fc.property(table, table, fc.boolean(), ({ rows, given }, group, always) => {
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
      fc.property(table, ({ rows, given }) => {
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

  test('whatever was sent and read comes back as it was', () => {
    const blank = fc.constantFrom<Json | undefined>(undefined, null, '');
    fc.assert(
      fc.property(table, fc.array(blank, { minLength: 8, maxLength: 8 }), blank, ({ rows, given }, blanks, whole) => {
        const { native: full } = writeTree({ rows }, place(rows, given));
        // Every absence in one of its three spellings, and now and then a whole object so.
        const native: Record<string, Json> = structuredClone(full) as Record<string, Json>;
        for (const [i, row] of rows.entries()) {
          if (given[i] !== undefined) continue;
          const [outer, inner] = row.native.split('.') as [string, string?];
          if (inner !== undefined && native[outer] === undefined) native[outer] = {};
          const holder = inner === undefined ? native : (native[outer] as Record<string, Json>);
          const spelled = blanks[i];
          if (spelled === undefined) delete holder[inner ?? outer];
          else holder[inner ?? outer] = spelled;
        }
        if (whole !== undefined && rows.some(({ native: path }) => path.startsWith('n0.'))) {
          const dropped = rows.every((row, i) => !row.native.startsWith('n0.') || given[i] === undefined);
          if (dropped) native.n0 = whole;
        }
        const read = readTree({ rows }, native);
        expect(read.refusals).toEqual([]);
        const ours = writeTree({ rows }, read.value).native;
        expect(read.asSent === undefined ? ours : asSentOver(ours, read.asSent)).toEqual(native);
      }),
      { numRuns: 500 },
    );
  });

  test('any JSON at all is read or refused, never thrown on', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(sent), 'x'), fc.jsonValue()), (native) => {
        expect(Array.isArray(readTree(listing, native as JsonObject).refusals)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
