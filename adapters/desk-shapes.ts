import { isDate, isInstant } from '../src/contract/dates.ts';
import { isObject, type Json } from '../src/contract/json.ts';
import type { DeskParty } from '../src/contract/mock.ts';
import { parseFen } from '../src/contract/money.ts';
import { type Refusal, refuse, step } from '../src/contract/refusal.ts';

/** Reads one value; what is wrong with it goes into `found`, and the value given then is never used. */
type Read<T> = (value: Json | undefined, pointer: string, found: Refusal[]) => T;

export type Shape = Readonly<Record<string, Read<unknown>>>;
export type Told<S extends Shape> = { readonly [Key in keyof S]: ReturnType<S[Key]> };

export function shape<S extends Shape>(fields: S): Read<Told<S>> {
  return (value, pointer, found) => {
    const told: Record<string, unknown> = {};
    if (!isObject(value)) {
      found.push(refuse(value === undefined ? 'missing-field' : 'wrong-type', pointer));
      return told as Told<S>;
    }
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) found.push(refuse('unknown-field', pointer + step(key)));
    }
    for (const [key, read] of Object.entries(fields)) {
      const one = read(value[key], pointer + step(key), found);
      if (one !== undefined) told[key] = one;
    }
    return told as Told<S>;
  };
}

export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, pointer, found) => (value === undefined ? undefined : read(value, pointer, found));
}

export function text(max: number): Read<string> {
  return (value, pointer, found) => {
    if (typeof value === 'string' && value.length >= 1 && value.length <= max) return value;
    found.push(refuse(value === undefined ? 'missing-field' : 'bad-format', pointer));
    return '';
  };
}

export function oneOf<T extends string>(...words: readonly T[]): Read<T> {
  return (value, pointer, found) => {
    if (!words.includes(value as T))
      found.push(refuse(value === undefined ? 'missing-field' : 'unknown-code', pointer));
    return value as T;
  };
}

export function whole(value: Json | undefined, pointer: string, found: Refusal[]): number {
  if (typeof value === 'number' && value >= 0) return value;
  found.push(refuse(value === undefined ? 'missing-field' : 'bad-number', pointer));
  return 0;
}

export function flag(value: Json | undefined, pointer: string, found: Refusal[]): boolean {
  if (typeof value !== 'boolean') found.push(refuse(value === undefined ? 'missing-field' : 'wrong-type', pointer));
  return value === true;
}

export function fen(value: Json | undefined, pointer: string, found: Refusal[]): bigint {
  if (value === undefined) found.push(refuse('missing-field', pointer));
  const read = parseFen(value, 'yuan', pointer);
  if (read.ok) return read.value;
  if (value !== undefined) found.push(...read.refusals);
  return 0n;
}

export function date(value: Json | undefined, pointer: string, found: Refusal[]): string {
  if (typeof value === 'string' && isDate(value)) return value;
  found.push(refuse(value === undefined ? 'missing-field' : 'bad-date', pointer));
  return '';
}

export function instant(value: Json | undefined, pointer: string, found: Refusal[]): string {
  if (typeof value === 'string' && isInstant(value)) return value;
  found.push(refuse(value === undefined ? 'missing-field' : 'bad-date', pointer));
  return '';
}

export function party(value: Json | undefined, pointer: string, found: Refusal[]): DeskParty {
  return given(partyShape(value, pointer, found)) as unknown as DeskParty;
}

const partyShape = shape({
  name: text(200),
  uscc: optional(text(18)),
  nature: text(32),
  region: optional(text(6)),
  country: text(3),
});

export function instalments(value: Json | undefined, pointer: string, found: Refusal[]) {
  if (!Array.isArray(value) || value.length > 60) {
    found.push(refuse('wrong-type', pointer));
    return [];
  }
  return value.map((one, i) => instalment(one, `${pointer}/${i}`, found));
}

const instalment = shape({ percent: whole, dueDays: whole });

/** Without the keys that hold undefined. */
export function given<T extends object>(from: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as never;
}
