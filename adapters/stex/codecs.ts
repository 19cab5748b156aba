import { code, text } from '../../src/contract/codecs.ts';
import { idOf, isExchange, nativeIdOf } from '../../src/contract/exchange.ts';
import { type Codec, Turned } from '../../src/contract/mapping.ts';
import { codes } from './codes.ts';

/** Text of 1 to `max` characters. An empty element says "nothing", so empty text cannot be sent as such. */
export function words(max: number): Codec {
  const plain = text(max);
  return {
    decode: plain.decode,
    encode: (value, around) => (value === '' ? new Turned('bad-format') : plain.encode(value, around)),
  };
}

/** `0.30`: a part of one, two to six decimals. */
export const share: Codec = {
  decode: (value) =>
    typeof value === 'string' && /^(0\.\d{2,6}|1\.00)$/.test(value) ? value : new Turned('bad-number', value),
  encode: (value) => value,
};

/** XZ 交易方性质: many codes read as one nature; written is the first of that nature in codes.json. */
export const nature: Codec = {
  decode: (value) => {
    if (typeof value !== 'string') return new Turned('wrong-type');
    const entry = codes.XZ.find((one) => {
      return one.code === value || (one.hundred === true && /^\d{3}$/.test(value) && value[0] === one.code[0]);
    });
    return entry?.nature ?? new Turned('unknown-code', value);
  },
  encode: (value) => codes.XZ.find((one) => one.nature === value)?.code ?? new Turned('unknown-code', value),
};

/** XM/ZT 挂牌, 中止, 恢复, 终止: the first and third both read `published`, and 恢复 is what is written. */
export const listingState: Codec = {
  decode: (value) => codes['XM/ZT'].find((one) => one.code === value)?.status ?? new Turned('unknown-code', value),
  encode: (value) => codes['XM/ZT'].find((one) => one.status === value)?.code ?? new Turned('unknown-code', value),
};

/** ZY 质押: STEX knows only pledges; other encumbrances cannot be said. */
export const pledge: Codec = {
  decode: (value) => (value === '0' ? [] : value === '1' ? ['pledge'] : new Turned('unknown-code', value)),
  encode: (value) => {
    const all = Array.isArray(value) ? value.map(String) : [];
    if (all.length === 0) return '0';
    return all.length === 1 && all[0] === 'pledge' ? '1' : new Turned('bad-format', all.join(' '));
  },
};

/** YJYS 原交易所, the exchange from which it comes: never STEX itself. */
export const otherExchange: Codec = withoutStex(code(codes.exchange));

function withoutStex(all: Codec): Codec {
  return {
    decode: (value, around) => (value === 'STEX' ? new Turned('unknown-code', 'STEX') : all.decode(value, around)),
    encode: (value, around) => (value === 'stex' ? new Turned('unknown-code', 'stex') : all.encode(value, around)),
  };
}

/** A number of the exchange that YJYS names, beside it. */
export const numberThere: Codec = {
  decode: (value, around) => {
    if (typeof value !== 'string' || value.length > 64) return new Turned('bad-format', value);
    const exchange = typeof around.YJYS === 'string' ? codes.exchange[around.YJYS] : undefined;
    return isExchange(exchange) ? idOf(exchange, value) : new Turned('unknown-code');
  },
  encode: (value) => nativeIdOf(String(value)),
};
