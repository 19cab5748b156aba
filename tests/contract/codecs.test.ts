import fc from 'fast-check';
import * as codecs from '../../src/contract/codecs.ts';
import type { Json } from '../../src/contract/json.ts';
import { type Codec, Turned } from '../../src/contract/mapping.ts';
import { applicationNumber, fen, instant, money, moneyOf, words } from '../support/values.ts';

function decoded(codec: Codec, native: Json, around = {}): Json {
  const value = codec.decode(native, around);
  return value instanceof Turned ? `refused: ${value.code}` : value;
}

function encoded(codec: Codec, unified: Json, around = {}): Json {
  const value = codec.encode(unified, around);
  return value instanceof Turned ? `refused: ${value.code}` : value;
}

/** Unified → native → unified changes nothing. */
function returns(codec: Codec, unified: fc.Arbitrary<Json>): void {
  fc.assert(fc.property(unified, (value) => expect(decoded(codec, encoded(codec, value))).toEqual(value)));
}

const every: Readonly<Record<string, Codec>> = {
  text: codecs.text(),
  code: codecs.code({ A: 'a' }),
  flag: codecs.flag('0', '1'),
  whole: codecs.whole(1, 9),
  wholeJson: codecs.whole(1, 9, true),
  money: codecs.money('wan-yuan'),
  separatedYuan: codecs.separatedYuan,
  compactDate: codecs.date('compact'),
  dashedDate: codecs.date('dashed'),
  spaced: codecs.instant('spaced'),
  compact: codecs.instant('compact'),
  tagged: codecs.instant('tagged'),
  list: codecs.list(';'),
  strings: codecs.strings,
  numbered: codecs.numbered('ctex'),
  ipNumber: codecs.ipNumber('LX', { I: 'invention' }, (number) => number),
};

test.each(Object.entries(every))('%s refuses what is not its own and never throws', (_, codec) => {
  for (const odd of [
    null,
    true,
    -1,
    1.5,
    {},
    [],
    ['A'],
    [['A']],
    { toString: 1, valueOf: 1 },
    '\u0001',
    '龦'.repeat(3000),
  ]) {
    const value = codec.decode(odd as Json, { LX: { toString: 1 } });
    const takes = Array.isArray(odd) && codec === codecs.strings;
    if (takes || typeof odd === 'string') continue;
    expect([odd, value instanceof Turned]).toEqual([odd, true]);
  }
});

describe('money in the three units', () => {
  test.each(['yuan', 'wan-yuan', 'fen'] as const)('%s returns every amount', (unit) => {
    returns(codecs.money(unit), money);
  });

  test('yuan with separators returns every amount and groups by threes', () => {
    returns(codecs.separatedYuan, money);
    expect(encoded(codecs.separatedYuan, moneyOf(128_500_000n))).toBe('1,285,000.00');
    expect(encoded(codecs.separatedYuan, moneyOf(99_999n))).toBe('999.99');
    expect(encoded(codecs.separatedYuan, moneyOf(100_000n))).toBe('1,000.00');
    fc.assert(
      fc.property(fen, (amount) => {
        const text = String(encoded(codecs.separatedYuan, moneyOf(amount)));
        expect(text).toBe(`${(amount / 100n).toLocaleString('en-US')}.${String(amount % 100n).padStart(2, '0')}`);
      }),
    );
  });

  test.each([
    ['1285,000.00', 'bad-money'],
    ['12,85,000.00', 'bad-money'],
    ['1,285,00.00', 'bad-money'],
    [',285,000.00', 'bad-money'],
    ['1285000.00', 'bad-money'],
    ['1,285,000', 'bad-money'],
    ['1,285,000.0', 'bad-money'],
    ['1,285,000.001', 'fen-fraction'],
    ['-1.00', 'negative-money'],
    ['0,001.00', 'bad-money'],
    ['１.00', 'bad-money'],
    ['90,071,992,547,409.92', 'money-too-large'],
  ])('%s is refused as yuan with separators', (text, code) => {
    expect(decoded(codecs.separatedYuan, text)).toBe(`refused: ${code}`);
  });
});

describe('dates and times', () => {
  test('the three clocks return every whole second', () => {
    for (const clock of ['spaced', 'compact', 'tagged'] as const) returns(codecs.instant(clock), instant());
  });

  test('each clock is written in its own way', () => {
    const at = '2026-03-02T09:30:00+08:00';
    expect(encoded(codecs.instant('spaced'), at)).toBe('2026-03-02 09:30:00');
    expect(encoded(codecs.instant('compact'), at)).toBe('20260302093000');
    expect(encoded(codecs.instant('tagged'), at)).toBe('20260302-09:30:00.000');
  });

  test('milliseconds are kept where there is room and turned down where there is none', () => {
    const at = '2026-03-02T09:30:00.040+08:00';
    expect(encoded(codecs.instant('tagged'), at)).toBe('20260302-09:30:00.040');
    expect(decoded(codecs.instant('tagged'), '20260302-09:30:00.040')).toBe(at);
    expect(encoded(codecs.instant('spaced'), at)).toBe('refused: bad-date');
    expect(encoded(codecs.instant('compact'), at)).toBe('refused: bad-date');
  });

  test.each([
    ['spaced', '2026-02-30 09:30:00'],
    ['spaced', '2026-03-02T09:30:00'],
    ['spaced', '2026-03-02 24:00:00'],
    ['compact', '20260302093060'],
    ['compact', '2026030209300'],
    ['compact', '２０260302093000'],
    ['tagged', '20260302-09:30:00'],
    ['tagged', '20260302-09:30:00.0000'],
  ] as const)('%s %s is refused', (clock, text) => {
    expect(decoded(codecs.instant(clock), text)).toBe('refused: bad-date');
  });

  test.each([
    ['compact', '20260230'],
    ['compact', '2026-03-02'],
    ['compact', '202632'],
    ['dashed', '20260302'],
    ['dashed', '2026-02-30'],
  ] as const)('%s %s is no date', (form, text) => {
    expect(decoded(codecs.date(form), text)).toBe('refused: bad-date');
  });
});

describe('numbers and codes', () => {
  test.each(['0', '10', '01', '1.0', '+1', '-1', '1e0', '0x1', ' 1', '', '１', '99999999999'])(
    '%p is no whole from 1 to 9',
    (text) => {
      expect(decoded(codecs.whole(1, 9), text)).toBe('refused: bad-number');
    },
  );

  test('a number is a number or digits, as the exchange writes it, never either', () => {
    expect(decoded(codecs.whole(1, 9), 7)).toBe('refused: bad-number');
    expect(decoded(codecs.whole(1, 9, true), '7')).toBe('refused: bad-number');
    expect(decoded(codecs.whole(1, 9, true), 7)).toBe(7);
    expect(encoded(codecs.whole(1, 9), 7)).toBe('7');
    expect(decoded(codecs.whole(0, 9), '0')).toBe(0);
  });

  test('a code is looked up, never guessed', () => {
    const table = codecs.code({ ZR: 'transfer', XK: 'license', XK2: 'license' });
    expect(decoded(table, 'XK2')).toBe('license');
    expect(encoded(table, 'license')).toBe('XK');
    for (const text of ['zr', 'ZR ', 'toString', '__proto__', '']) {
      expect(decoded(table, text)).toBe('refused: unknown-code');
    }
  });

  test("an exchange's own number is opaque and only its own is written", () => {
    expect(decoded(codecs.numbered('ctex'), 'a:b')).toBe('ctex:a:b');
    expect(encoded(codecs.numbered('ctex'), 'ctex:a:b')).toBe('a:b');
    expect(encoded(codecs.numbered('ctex'), 'stex:a')).toBe('refused: bad-format');
    expect(decoded(codecs.numbered('ctex'), 'x'.repeat(65))).toBe('refused: bad-format');
  });

  test('a list is not written when a member holds the separator', () => {
    returns(codecs.list(';'), fc.array(words(20, ';'), { minLength: 1, maxLength: 4 }));
    expect(encoded(codecs.list(';'), ['a;b', 'c'])).toBe('refused: bad-format');
  });
});

describe('numbers of IP rights', () => {
  const types = { I: 'invention', C: 'software' };
  const codec = codecs.ipNumber('LX', types, (number) => number.replace(/^ZL|\./g, ''));

  test('a patent number returns whatever way it is written', () => {
    fc.assert(
      fc.property(applicationNumber(['1']), (number) => {
        const native = encoded(codec, `ZL${number}`);
        expect(decoded(codec, native, { LX: 'I' })).toBe(`ZL${number}`);
      }),
    );
  });

  test('the type beside it decides what it must be', () => {
    expect(decoded(codec, '2023101234567', { LX: 'I' })).toBe('refused: bad-check-digit');
    expect(decoded(codec, '2023SR0123456', { LX: 'C' })).toBe('2023SR0123456');
    expect(decoded(codec, '2023SR0123456', { LX: 'constructor' })).toBe('refused: bad-format');
    expect(decoded(codec, '2023SR0123456', {})).toBe('refused: bad-format');
  });
});
