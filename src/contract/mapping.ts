import { emptyHolders, trieOf, unclaimed } from './claims.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { changesDeal, type Loss, loss } from './loss.ts';
import { type Refusal, type RefusalCode, refuse } from './refusal.ts';
import { hasBlankHolder, type ReadyRow, rowsOf } from './rows.ts';
import { get, isBlank, place, pointerOf, put, putAt, reach, same, type Tree } from './tree.ts';

/**
 * How a native message and its unified form correspond: one table per kind, read in both directions.
 * A field that is in no row is refused on the way in and counted as loss on the way out, so nothing falls between.
 */
export interface Mapping {
  readonly rows: readonly (Row | Group)[];
  /** Unified fields that the native form implies; checked, not trusted, on the way out. */
  readonly derived?: readonly Derived[];
  /** Native objects written as this when nothing inside them is set (`null`, `''`). */
  readonly blanks?: Readonly<Record<string, Json>>;
}

/** One field: dotted paths on both sides and the codec between. */
export interface Row {
  readonly native: string;
  readonly unified: string;
  readonly codec: Codec;
  /** The native message must have it. */
  readonly need?: boolean;
  /** How its absence is written; without it the key is left out. */
  readonly blank?: Json;
}

/** A repeated part: arrays on both sides, rows relative to one member. */
export interface Group {
  readonly native: string;
  readonly unified: string;
  readonly each: readonly Row[];
  /** The unified array is always there, empty where the native one is. */
  readonly always?: boolean;
  readonly blank?: Json;
}

export interface Derived {
  readonly unified: string;
  of(unified: JsonObject): Json | undefined;
}

/** Both directions of one value; `around` is the object the value stands in, for values that need a sibling. */
export interface Codec {
  decode(native: Json, around: JsonObject): Json | Turned;
  encode(unified: Json, around: JsonObject): Json | Turned;
}

/** A value that cannot be turned into the other form, and why. */
export class Turned {
  readonly code: RefusalCode;
  readonly detail: string;
  constructor(code: RefusalCode, detail: Json = '') {
    // An object is not shown: it may be huge, and String() throws on one that has a field `toString`.
    const shown = typeof detail === 'object' ? '' : String(detail);
    this.code = code;
    this.detail = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  }
}

/** Lexical differences from our own writing (spaces in a number, a spelled-out default), so that it can be given back. */
export interface AsSent {
  readonly written: Readonly<Record<string, Json>>;
  readonly absent: readonly string[];
}

export interface Read {
  readonly value: JsonObject;
  readonly refusals: readonly Refusal[];
  readonly asSent?: AsSent;
}

/** Native → unified. `at` is the pointer of `native` in the whole message, for refusals. */
export function readTree(mapping: Mapping, native: JsonObject, at = ''): Read {
  const value: Tree = {};
  const refusals: Refusal[] = [];
  const written: Tree = {};
  const absent: string[] = [];
  const note = (pointer: string, sent: Json | undefined, ours: Json | undefined) => {
    if (sent === undefined) absent.push(pointer);
    else if (!same(sent, ours)) written[pointer] = sent;
  };
  const readRow = (row: ReadyRow, from: JsonObject, to: Tree, base: string) => {
    const sent = reach(from, row.nativeSteps);
    if (isBlank(sent)) {
      if (row.need) refusals.push(refuse('missing-field', at + base + pointerOf(row.native)));
      else if (!same(sent, row.blank) && !hasBlankHolder(row, native)) {
        note(base + pointerOf(row.native), sent, row.blank);
      }
      return;
    }
    const read = row.codec.decode(sent as Json, from);
    if (read instanceof Turned) {
      refusals.push(refuse(read.code, at + base + pointerOf(row.native), read.detail));
      return;
    }
    place(to, row.unifiedSteps, read);
    const ours = row.codec.encode(read, to);
    if (!(ours instanceof Turned) && !same(sent, ours)) note(base + pointerOf(row.native), sent, ours);
  };
  for (const row of rowsOf(mapping)) {
    if (row.each === undefined) {
      readRow(row, native, value, '');
      continue;
    }
    const sent = reach(native, row.nativeSteps);
    const pointer = pointerOf(row.native);
    if (isBlank(sent) || (Array.isArray(sent) && sent.length === 0)) {
      if (row.always) place(value, row.unifiedSteps, []);
      if (!same(sent, row.blank) && !hasBlankHolder(row, native)) note(pointer, sent, row.blank);
      continue;
    }
    if (!Array.isArray(sent)) {
      refusals.push(refuse('wrong-type', at + pointer));
      continue;
    }
    const members = sent.map((member, i) => {
      const to: Tree = {};
      if (!isObject(member)) refusals.push(refuse('wrong-type', `${at}${pointer}/${i}`));
      else for (const inner of row.each) readRow(inner, member, to, `${pointer}/${i}`);
      return to;
    });
    place(value, row.unifiedSteps, members);
  }
  for (const { path, sent } of emptyHolders(mapping, native)) note(pointerOf(path), sent, mapping.blanks?.[path]);
  const known = trieOf(mapping, 'native');
  unclaimed(native, known, at, (pointer) => refusals.push(refuse('unknown-field', pointer)));
  for (const { unified, of } of mapping.derived ?? []) {
    const implied = refusals.length === 0 ? of(value) : undefined;
    if (implied !== undefined) put(value, unified, implied);
  }
  const differs = absent.length > 0 || Object.keys(written).length > 0;
  return differs ? { value, refusals, asSent: { written, absent } } : { value, refusals };
}

export interface Written {
  readonly native: JsonObject;
  readonly refusals: readonly Refusal[];
  readonly loss: readonly Loss[];
}

/** Unified → native. What cannot be said is loss, or a refusal where the deal depends on it. */
export function writeTree(mapping: Mapping, unified: JsonObject): Written {
  const native: Tree = {};
  const refusals: Refusal[] = [];
  const lost: Loss[] = [];
  const cannot = (pointer: string, detail = '') => {
    if (changesDeal(pointer)) refusals.push(refuse('not-expressible', pointer, detail));
    else lost.push(loss(pointer));
  };
  const writeRow = (row: ReadyRow, from: JsonObject, to: Tree, base: string) => {
    const value = reach(from, row.unifiedSteps);
    if (value === undefined) {
      if (row.blank !== undefined) place(to, row.nativeSteps, row.blank);
      else if (row.need) refusals.push(refuse('not-expressible', base + pointerOf(row.unified)));
      return;
    }
    const ours = row.codec.encode(value, from);
    if (ours instanceof Turned) {
      cannot(base + pointerOf(row.unified), ours.detail);
      if (row.blank !== undefined) place(to, row.nativeSteps, row.blank);
    } else place(to, row.nativeSteps, ours);
  };
  for (const row of rowsOf(mapping)) {
    if (row.each === undefined) {
      writeRow(row, unified, native, '');
      continue;
    }
    const members = reach(unified, row.unifiedSteps);
    if (!Array.isArray(members) || members.length === 0) {
      if (row.blank !== undefined) place(native, row.nativeSteps, row.blank);
      continue;
    }
    const written = members.map((member, i) => {
      const to: Tree = {};
      for (const inner of row.each) writeRow(inner, member as JsonObject, to, `${pointerOf(row.unified)}/${i}`);
      return to;
    });
    place(native, row.nativeSteps, written);
  }
  for (const [path, blank] of Object.entries(mapping.blanks ?? {})) {
    const inside = get(native, path);
    if (inside === undefined || (isObject(inside) && Object.values(inside).every(isBlank))) put(native, path, blank);
  }
  for (const { unified: path, of } of mapping.derived ?? []) {
    const value = get(unified, path);
    if (value !== undefined && !same(value, of(unified))) cannot(pointerOf(path), JSON.stringify(value));
  }
  unclaimed(unified, trieOf(mapping, 'unified'), '', (pointer) => {
    if (!pointer.startsWith('/extensions/')) cannot(pointer);
  });
  return { native, refusals, loss: lost };
}

/** Puts back what the exchange wrote differently from us. It comes out of a message: what is no AsSent does nothing. */
export function asSentOver(native: JsonObject, asSent: unknown): JsonObject {
  const tree = structuredClone(native) as Tree;
  const { written, absent }: JsonObject = isObject(asSent) ? asSent : {};
  if (isObject(written)) for (const [pointer, value] of Object.entries(written)) putAt(tree, pointer, value);
  if (Array.isArray(absent)) {
    for (const pointer of absent) if (typeof pointer === 'string') putAt(tree, pointer, undefined);
  }
  return tree;
}
