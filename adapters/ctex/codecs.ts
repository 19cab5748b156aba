import { canonicalIpNumber } from '../../src/contract/check-digits.ts';
import { date, money, text } from '../../src/contract/codecs.ts';
import { idOf, isExchange, nativeIdOf } from '../../src/contract/exchange.ts';
import { isObject, type Json, type JsonObject } from '../../src/contract/json.ts';
import { type Codec, Turned } from '../../src/contract/mapping.ts';
import { get } from '../../src/contract/tree.ts';
import { codes } from './codes.ts';

/** Values that CTEX writes in a way of its own. */

/** Where a message remembers the unit CTEX wrote its amounts in; 万元 without it. */
export const UNIT_KEPT = 'extensions.ctex.priceUnit';

const inWan = money('wan-yuan');
const inYuan = money('yuan');

/** An amount in the unit named beside it (`unitAt`, native path): 万元 unless it says 元. An unknown unit is refused by its own row. */
export function amountIn(unitAt: string): Codec {
  return {
    decode: (value, around) => (get(around, unitAt) === '元' ? inYuan : inWan).decode(value, around),
    encode: (value, around) => (get(around, UNIT_KEPT) === '元' ? inYuan : inWan).encode(value, around),
  };
}

const unit = (value: Json) =>
  (typeof value === 'string' ? codes.priceUnit[value] : undefined) ?? new Turned('unknown-unit', value);
export const priceUnit: Codec = { decode: unit, encode: unit };

/** Text that is not empty: CTEX cannot tell an empty text from none. */
export function words(max: number): Codec {
  const any = text(max);
  return {
    decode: any.decode,
    encode: (value, around) => (value === '' ? new Turned('bad-format') : any.encode(value, around)),
  };
}

const RATIO = /^(0|[1-9]\d?|100)(?:\.(\d{1,4}))?$/;

/** Per cent as a decimal string ↔ a part of one: `30` ↔ `0.30`, `33.3333` ↔ `0.333333`. */
export const ratio: Codec = {
  decode: (value) => {
    const match = typeof value === 'string' ? RATIO.exec(value) : null;
    if (match === null) return new Turned('bad-number', value);
    const [, whole, fraction = ''] = match;
    if (whole !== '100') return `0.${whole!.padStart(2, '0')}${fraction}`;
    return /^0*$/.test(fraction) ? '1.00' : new Turned('bad-number', value);
  },
  encode: (value) => {
    const share = String(value);
    if (share.startsWith('1')) return '100';
    const fraction = share.slice(4);
    return `${Number(share.slice(2, 4))}${fraction === '' ? '' : `.${fraction}`}`;
  },
};

const CANONICAL = /^(ZL)?(\d{4}|\d{2})(\d)(\d{7}|\d{5})\.([\dX])$/;
const NUMBERED_AS_PATENT = ['invention', 'utility-model', 'design', 'patent-application'];

/** The number of an IP right; patents are written in groups, `ZL 2023 1 0123456.6`. */
export const ipNumber: Codec = {
  decode: (value, around) => {
    const type = typeof around.ipType === 'string' ? codes.ipType[around.ipType] : undefined;
    if (typeof value !== 'string') return new Turned('wrong-type');
    // An unknown type is refused by its own row; without it there is nothing to check the number against.
    if (type === undefined) return value;
    return canonicalIpNumber(type, value) ?? new Turned('bad-check-digit', value);
  },
  encode: (value, around) => {
    const match = NUMBERED_AS_PATENT.includes(String(around.type)) ? CANONICAL.exec(String(value)) : null;
    if (match === null) return value;
    const [, prefix, year, kind, serial, check] = match;
    return `${prefix === undefined ? '' : 'ZL '}${year} ${kind} ${serial}.${check}`;
  },
};

/** `"0"` / `"1"` ↔ the encumbrances CTEX knows: none, or a pledge. */
export const pledged: Codec = {
  decode: (value) => (value === '1' ? ['pledge'] : value === '0' ? [] : new Turned('unknown-code', value)),
  encode: (value) => ((value as readonly string[]).includes('pledge') ? '1' : '0'),
};

/** Another exchange's own number, whose exchange stands beside it (`exchangeAt`) ↔ `<exchange>:<number>`. */
export function numberedBeside(exchangeAt: string): Codec {
  return {
    decode: (value, around) => {
      const named = get(around, exchangeAt);
      const exchange = typeof named === 'string' ? codes.otherExchange[named] : undefined;
      if (typeof value !== 'string' || value.length > 64) return new Turned('bad-format', value);
      return isExchange(exchange) ? idOf(exchange, value) : new Turned('unknown-code', exchangeAt);
    },
    encode: (value) => nativeIdOf(String(value)),
  };
}

/** SIGNED, CERTIFIED, CANCELLED ↔ status. 鉴证之后的撤销 is a reversal; the certificate (`certificateAt`) tells it apart. */
export function dealState(certificateAt: string): Codec {
  return {
    decode: (value, around) => {
      const status = typeof value === 'string' ? codes.dealState[value] : undefined;
      if (status === undefined) return new Turned('unknown-code', value);
      const certificate = get(around, certificateAt);
      const hasCertificate = certificate !== undefined && certificate !== null && certificate !== '';
      return status === 'cancelled' && hasCertificate ? 'reversed' : status;
    },
    encode: (value) => codes.dealStateOf[String(value)] ?? new Turned('unknown-code', value),
  };
}

const KEPT_DEPTH = 16;

/** What has no unified home, carried whole; not so deep that the unified message would go over the limit of 32. */
export const kept: Codec = {
  decode: (value) => (depthOf(value) > KEPT_DEPTH ? new Turned('too-deep') : value),
  encode: (value) => value,
};

function depthOf(value: Json): number {
  if (Array.isArray(value)) return 1 + value.reduce((most: number, inner: Json) => Math.max(most, depthOf(inner)), 0);
  if (!isObject(value)) return 0;
  return 1 + Object.values(value as JsonObject).reduce((most: number, inner) => Math.max(most, depthOf(inner)), 0);
}

export const day = date('dashed');
