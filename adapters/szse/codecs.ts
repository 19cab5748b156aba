import { canonicalIpNumber, isUscc, PATENTS } from '../../src/contract/check-digits.ts';
import { date } from '../../src/contract/codecs.ts';
import { type Exchange, idOf, nativeIdOf } from '../../src/contract/exchange.ts';
import type { Json, JsonObject } from '../../src/contract/json.ts';
import { type Codec, Turned } from '../../src/contract/mapping.ts';
import { codes } from './codes.ts';

/** Codecs that only this exchange's messages need. `''` written is a field left out: no tag has an empty value. */

/** Longest value of one field, in bytes of UTF-8. */
export const MAX_VALUE_BYTES = 2000;

/** Text within the profile's limit, which counts bytes. */
export const words: Codec = { decode: fitting, encode: fitting };

function fitting(value: Json): Json | Turned {
  if (typeof value !== 'string') return new Turned('wrong-type');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value)) return new Turned('bad-format');
  const long = value.length * 3 > MAX_VALUE_BYTES && Buffer.byteLength(value) > MAX_VALUE_BYTES;
  return long ? new Turned('bad-format', `> ${MAX_VALUE_BYTES} bytes`) : value;
}

/** One string of several members ↔ array, within the profile's limit; an empty array is not written. */
export function joined(separator: string): Codec {
  return {
    decode: (value) => (typeof value === 'string' ? value.split(separator) : new Turned('wrong-type')),
    encode: (value) => {
      const members = (value as readonly string[]).map(String);
      return members.some((member) => member.includes(separator))
        ? new Turned('bad-format')
        : fitting(members.join(separator));
    },
  };
}

export const day = date('compact');

/** A date that does not come before the one in `earlier`. */
export function notBefore(earlier: string): Codec {
  return {
    decode: (value, around) => {
      const [from, read] = [around[earlier], day.decode(value, around)];
      const isBefore = typeof from === 'string' && typeof value === 'string' && value < from;
      return isBefore && !(read instanceof Turned) ? new Turned('inconsistent', `${value} < ${from}`) : read;
    },
    encode: day.encode,
  };
}

export const uscc: Codec = {
  decode: (value) => (isUscc(String(value)) ? value : new Turned('bad-check-digit', String(value))),
  encode: (value) => value,
};

/** Patent numbers travel as 13 digits without ZL and point, the last the check digit; all others as they are. */
export const ipNumber: Codec = {
  decode: (value, around) => {
    const type = codes.ipKind[String(around['20011'])];
    if (type === undefined) return new Turned('bad-format', String(value));
    return canonicalIpNumber(type, String(value)) ?? new Turned('bad-check-digit', String(value));
  },
  encode: (value, around) =>
    PATENTS.includes(String(around.type)) ? String(value).replace('ZL', '').replace('.', '') : fitting(value),
};

/** Y says only that there is some encumbrance: it reads as the commonest, a pledge. */
export const encumbered: Codec = {
  decode: (value) => (value === 'Y' ? ['pledge'] : value === 'N' ? [] : new Turned('unknown-code', String(value))),
  encode: (value) => ((value as readonly Json[]).length === 0 ? 'N' : 'Y'),
};

/** Another exchange's own number, beside the tag that names the exchange (20080) ↔ the id. */
export const foreignId: Codec = {
  decode: (value, around) => {
    const exchange = codes.exchange[String(around['20080'])] as Exchange | undefined;
    return exchange === undefined ? new Turned('bad-format', '20080') : idOf(exchange, String(value));
  },
  encode: (value) => nativeIdOf(String(value)),
};

/** The buyer's exchange, named only where it is another. */
export const buyerExchange: Codec = {
  decode: (value) => codes.anyExchange[String(value)] ?? new Turned('unknown-code', String(value)),
  encode: (value) => (value === 'szse' ? '' : String(value).toUpperCase()),
};

/** Listed and resumed are both `published`. */
export const listingState: Codec = {
  decode: (value) => codes.listingState[String(value)] ?? new Turned('unknown-code', String(value)),
  encode: (value) => codes.listingStateOf[String(value)] ?? new Turned('unknown-code', String(value)),
};

/** A message type that says nothing but its kind. */
export function kindIs(type: string, kind: string): Codec {
  return { decode: () => kind, encode: () => type };
}

/** UL and UM differ only in whether the version is the first. */
export const publishedOrChanged: Codec = {
  decode: () => 'listing',
  encode: (_, around) => (around.version === 1 ? 'UL' : 'UM'),
};

/** 成交状态 is the message type; a certificate tells a cancelled deal from a reversed one. */
export const dealStatus: Codec = {
  decode: (type, around: JsonObject) => statusSaid(String(type), around['20075'] !== undefined),
  encode: (status, around) => dealMessage(String(status), around.certificate !== undefined),
};

/** The message that says a deal's status best. */
export function dealMessage(status: string, certified: boolean): 'UD' | 'UE' | 'UC' {
  if (status === 'cancelled' || status === 'reversed') return 'UC';
  return certified ? 'UE' : 'UD';
}

/** The status that such a message reads as. */
export function statusSaid(type: string, certified: boolean): string {
  if (type === 'UC') return certified ? 'reversed' : 'cancelled';
  return type === 'UE' ? 'certified' : 'concluded';
}
