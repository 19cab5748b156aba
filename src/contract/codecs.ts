import { canonicalIpNumber } from './check-digits.ts';
import { instantMs, isDate, isInstant } from './dates.ts';
import { type Exchange, idOf, nativeIdOf } from './exchange.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { type Codec, Turned } from './mapping.ts';
import { formatFen, isYuan, type MoneyUnit, parseFen, yuan } from './money.ts';

/** Text kept as it is, 1 to `max` characters. */
export function text(max = 2000): Codec {
  const check = (value: Json) => {
    if (typeof value !== 'string') return new Turned('wrong-type');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return value.length > max || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value)
      ? new Turned('bad-format')
      : value;
  };
  return { decode: check, encode: check };
}

/** A code table, native → unified; the first native code of several is the one written. */
export function code(table: Readonly<Record<string, string>>): Codec {
  const forth = new Map(Object.entries(table));
  const back = new Map<string, string>();
  for (const [native, unified] of forth) if (!back.has(unified)) back.set(unified, native);
  const look = (map: ReadonlyMap<string, string>) => (value: Json) =>
    (typeof value === 'string' ? map.get(value) : undefined) ?? new Turned('unknown-code', value);
  return { decode: look(forth), encode: look(back) };
}

/** A flag in the exchange's own two words. */
export function flag(no: string, yes: string): Codec {
  return {
    decode: (value) => (value === yes ? true : value === no ? false : new Turned('unknown-code', value)),
    encode: (value) => (value === true ? yes : no),
  };
}

/** A whole number written in digits (or, where `json`, as a JSON number). */
export function whole(min: number, max: number, json = false): Codec {
  return {
    decode: (value) => {
      if (json ? !Number.isInteger(value) : typeof value !== 'string' || !/^(0|[1-9]\d{0,9})$/.test(value)) {
        return new Turned('bad-number', value);
      }
      const number = Number(value);
      return number < min || number > max ? new Turned('bad-number', value) : number;
    },
    encode: (value) => (json ? value : String(value)),
  };
}

/** Unified money ↔ a plain decimal string in the unit. */
export function money(unit: MoneyUnit): Codec {
  return {
    decode: (value) => {
      const fen = parseFen(value, unit);
      return fen.ok ? { ...yuan(fen.value) } : new Turned(fen.refusals[0]!.code, value);
    },
    encode: (value) => formatFen(fenIn(value), unit),
  };
}

/** Yuan with exactly two decimals and thousands separators in their right places: `1,285,000.00`. */
export const separatedYuan: Codec = {
  decode: (value) => {
    if (typeof value !== 'string') return new Turned('bad-money');
    if (value.startsWith('-')) return new Turned('negative-money', value);
    if (/^\d{1,3}(,\d{3})*\.\d{3,}$/.test(value)) return new Turned('fen-fraction', value);
    if (!/^(0|[1-9]\d{0,2}(,\d{3})*)\.\d{2}$/.test(value)) return new Turned('bad-money', value);
    const plain = value.replaceAll(',', '');
    return isYuan(plain) ? { amount: plain, currency: 'CNY' } : new Turned('money-too-large', value);
  },
  encode: (value) => formatFen(fenIn(value), 'yuan').replace(/\B(?=(\d{3})+\.)/g, ','),
};

function fenIn(value: Json): bigint {
  return BigInt(String(isObject(value) ? value.amount : '').replace('.', ''));
}

/** A business date; `compact` is `20260302`, else `2026-03-02`. */
export function date(form: 'compact' | 'dashed'): Codec {
  return {
    decode: (value) => {
      const dashed = form === 'compact' ? dash(value) : value;
      return typeof dashed === 'string' && isDate(dashed) ? dashed : new Turned('bad-date', value);
    },
    encode: (value) => (form === 'compact' ? String(value).replaceAll('-', '') : value),
  };
}

function dash(value: Json): string | undefined {
  const match = typeof value === 'string' ? /^(\d{4})(\d{2})(\d{2})$/.exec(value) : null;
  return match === null ? undefined : `${match[1]}-${match[2]}-${match[3]}`;
}

/** How an exchange writes a moment of Asia/Shanghai time without saying the zone. */
export type Clock = 'spaced' | 'compact' | 'tagged';

const CLOCKS: Readonly<Record<Clock, RegExp>> = {
  spaced: /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})()$/,
  compact: /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})()$/,
  tagged: /^(\d{4})(\d{2})(\d{2})-(\d{2}):(\d{2}):(\d{2})(\.\d{3})$/,
};

/** `2026-03-02 09:30:00`, `20260302093000` or `20260302-09:30:00.000` ↔ RFC 3339 +08:00. */
export function instant(clock: Clock): Codec {
  return {
    decode: (value) => {
      const match = typeof value === 'string' ? CLOCKS[clock].exec(value) : null;
      if (match === null) return new Turned('bad-date', value);
      const [, year, month, day, hour, minute, second, fraction] = match;
      const milliseconds = fraction === '.000' ? '' : fraction;
      const at = `${year}-${month}-${day}T${hour}:${minute}:${second}${milliseconds}+08:00`;
      return isInstant(at) ? at : new Turned('bad-date', value);
    },
    encode: (value) => writeInstant(String(value), clock),
  };
}

/** An RFC 3339 +08:00 instant in the exchange's own form. */
export function writeInstant(at: string, clock: Clock): string | Turned {
  const milliseconds = String(instantMs(at) % 1000).padStart(3, '0');
  if (clock === 'tagged') return `${at.slice(0, 10).replaceAll('-', '')}-${at.slice(11, 19)}.${milliseconds}`;
  // Whole seconds only: a fraction would be dropped in silence, so it is turned down (and becomes loss).
  if (milliseconds !== '000') return new Turned('bad-date', at);
  return clock === 'spaced' ? at.slice(0, 19).replace('T', ' ') : at.slice(0, 19).replaceAll(/[-T:]/g, '');
}

/** One string of several members ↔ array. */
export function list(separator: string): Codec {
  return {
    decode: (value) => (typeof value === 'string' ? value.split(separator) : new Turned('wrong-type')),
    encode: (value) => {
      const members = (value as readonly string[]).map(String);
      return members.some((member) => member.includes(separator)) ? new Turned('bad-format') : members.join(separator);
    },
  };
}

/** An array of strings, the same on both sides. */
export const strings: Codec = {
  decode: (value) =>
    Array.isArray(value) && value.every((member) => typeof member === 'string') ? value : new Turned('wrong-type'),
  encode: (value) => value,
};

/** The exchange's own number ↔ `<exchange>:<number>`. */
export function numbered(exchange: Exchange): Codec {
  return {
    decode: (value) =>
      typeof value === 'string' && value.length <= 64 ? idOf(exchange, value) : new Turned('bad-format', value),
    encode: (value) =>
      String(value).startsWith(`${exchange}:`) ? nativeIdOf(String(value)) : new Turned('bad-format'),
  };
}

/** Carried as it is, whatever it is: what has no unified home. */
export const raw: Codec = { decode: (value) => value, encode: (value) => value };

/**
 * An IP right's number. `type` names the sibling with the native type code, `types` its table; `write` puts the
 * canonical number (`ZL202310123456.6`) into the exchange's own form.
 */
export function ipNumber(
  type: string,
  types: Readonly<Record<string, string>>,
  write: (number: string) => string,
): Codec {
  return {
    decode: (value, around: JsonObject) => {
      const native = around[type];
      const unifiedType = typeof native === 'string' && Object.hasOwn(types, native) ? types[native] : undefined;
      if (typeof value !== 'string' || unifiedType === undefined) return new Turned('bad-format', value);
      return canonicalIpNumber(unifiedType, value) ?? new Turned('bad-check-digit', value);
    },
    encode: (value) => write(String(value)),
  };
}
