import fc from 'fast-check';
import { code, date, flag, raw, text, whole } from '../../src/contract/codecs.ts';
import type { Json, JsonObject } from '../../src/contract/json.ts';
import type { Codec, Mapping, Row } from '../../src/contract/mapping.ts';

/** A mapping table with one of everything. */
export const table: Mapping = {
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

/** A native message as that table would write it. */
export const sent: JsonObject = {
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
export const randomTable = fc
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

/** A unified value with each row's given value at its path. */
export function place(rows: readonly Row[], given: readonly (Json | undefined)[]): JsonObject {
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
