import fc from 'fast-check';
import { isObject, MAX_BYTES, parseJson } from '../../src/contract/json.ts';
import { brokenRules } from './json-reader.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function codeOf(input: string | Uint8Array): string {
  const read = parseJson(typeof input === 'string' ? bytes(input) : input);
  return read.ok ? 'accepted' : read.refusals.map(({ code }) => code).join();
}

describe('what is no JSON of ours', () => {
  test.each([
    ['the same key twice', '{"a":1,"a":2}', 'duplicate-key'],
    ['the same key twice with equal values', '{"a":1,"a":1}', 'duplicate-key'],
    ['the same key twice deep inside', '{"x":[{"a":{},"b":1,"a":{}}]}', 'duplicate-key'],
    ['a key that an escape makes equal', '{"a":1,"\\u0061":1}', 'duplicate-key'],
    ['a key that a surrogate pair escape makes equal', '{"𠀀":1,"\\ud840\\udc00":1}', 'duplicate-key'],
    ['the empty key twice', '{"":1,"":1}', 'duplicate-key'],
    ['__proto__ as a key', '{"__proto__":{}}', 'forbidden-key'],
    ['__proto__ written with an escape', '{"\\u005f_proto__":{}}', 'forbidden-key'],
    ['constructor as a key', '{"a":{"constructor":1}}', 'forbidden-key'],
    ['prototype as a key', '[{"prototype":1}]', 'forbidden-key'],
    ['a lone surrogate in a value', '{"a":"\\ud800"}', 'not-text'],
    ['a lone low surrogate', '["\\udc00x"]', 'not-text'],
    ['surrogates in the wrong order', '["\\udc00\\ud840"]', 'not-text'],
    ['a lone surrogate in a key', '{"\\ud800":1}', 'not-text'],
    ['an exponent', '{"a":1e3}', 'bad-number'],
    ['an exponent with a sign', '[1E+3]', 'bad-number'],
    ['a fraction', '[1.5]', 'bad-number'],
    ['a fraction of nothing', '[1.0]', 'bad-number'],
    ['a leading zero', '[01]', 'bad-number'],
    ['a hexadecimal number', '[0x10]', 'bad-number'],
    ['2^53', '[9007199254740992]', 'bad-number'],
    ['−2^53', '[-9007199254740992]', 'bad-number'],
    ['minus nought', '[-0]', 'bad-number'],
    ['a number of 400 digits', `[${'9'.repeat(400)}]`, 'bad-number'],
    ['a bare minus', '[-]', 'bad-number'],
    ['a point without digits', '[.5]', 'bad-number'],
    ['nothing', '', 'not-json'],
    ['blanks only', ' \n', 'not-json'],
    ['a byte order mark', '\ufeff{}', 'not-json'],
    ['NaN', '[NaN]', 'not-json'],
    ['a trailing comma', '{"a":1,}', 'not-json'],
    ['two documents', '{}{}', 'not-json'],
    ['a comment', '{}//', 'not-json'],
    ['a string without end', '"abc', 'not-json'],
    ['an escape without end', '"abc\\', 'not-json'],
    ['an escape that does not exist', '"\\x41"', 'not-json'],
    ['a raw control character in a string', '"\u0001"', 'not-json'],
    ['a bracket that is never closed', '[[1]', 'not-json'],
    ['brackets closed the wrong way', '{"a":[}]', 'not-json'],
    ['a closing bracket first', ']', 'not-json'],
    ['single quotes', "{'a':1}", 'not-json'],
  ])('%s is refused', (_, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test('text in another charset is refused', () => {
    expect(codeOf(Uint8Array.of(0x22, 0xd6, 0xd0, 0xce, 0xc4, 0x22))).toBe('not-text');
    expect(codeOf(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toBe('not-text');
    expect(codeOf(Uint8Array.of(0x22, 0xc0, 0x80, 0x22))).toBe('not-text');
    expect(codeOf(Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00))).toBe('not-text');
  });

  test('32 levels are taken, the 33rd is refused, and 50,000 are refused without a stack overflow', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(codeOf(nested(32))).toBe('accepted');
    expect(codeOf(nested(33))).toBe('too-deep');
    expect(codeOf(nested(50_000))).toBe('too-deep');
    expect(codeOf(`${'{"a":'.repeat(32)}1${'}'.repeat(32)}`)).toBe('accepted');
    expect(codeOf('{"a":'.repeat(50_000))).toBe('too-deep');
  });

  test('siblings do not add up to depth', () => {
    expect(codeOf(`[${Array.from({ length: 1000 }, () => '[{}]').join()}]`)).toBe('accepted');
  });

  test('one MiB is taken and one byte more is refused unread', () => {
    const full = `"${'x'.repeat(MAX_BYTES - 2)}"`;
    expect(codeOf(full)).toBe('accepted');
    expect(codeOf(`${full} `)).toBe('too-large');
    expect(codeOf(new Uint8Array(MAX_BYTES + 1).fill(0xff))).toBe('too-large');
  });
});

describe('what is JSON of ours', () => {
  test.each([
    ['[9007199254740991,-9007199254740991,0,-1]'],
    ['{"a":{"a":1},"b":[{"a":1},{"a":1}]}'],
    ['{"a":"a","b":"b:a","c":"\\"a\\":1,"}'],
    ['{"A":1,"a":2}'],
    ['["a\\\\","\\\\\\""]'],
    [' {"toString":1,"hasOwnProperty":"x"} '],
    ['"1e5 is text here, and so are -0 and [["'],
    ['{"é":1,"e\u0301":2}'],
  ])('%s is read as JSON.parse reads it', (text) => {
    const read = parseJson(bytes(text));
    expect(read).toEqual({ ok: true, value: JSON.parse(text) });
  });
});

/** JSON text with few keys (so that they repeat), odd numbers, escapes and blanks. */
const jsonText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('1', '0', '-7', 'true', 'null', '-0', '1.5', '1e3', '9007199254740991', '9007199254740992'),
    fc.constantFrom('""', '"a"', '"\\\\"', '"\\""', '"\\ud800"', '"𠀀"', '"{[,:"'),
    fc.array(tie('value'), { maxLength: 4 }).map((members) => `[${members.join(' , ')}]`),
    fc
      .array(
        fc.tuple(fc.constantFrom('"a"', '"\\u0061"', '"b"', '"b\\\\"', '"__proto__"', '"k"', '""'), tie('value')),
        { maxLength: 4 },
      )
      .map((members) => `{${members.map(([key, value]) => `${key}\n: ${value}`).join(',')}}`),
  ),
})).value;

function agreesWithReader(text: string): void {
  const read = parseJson(bytes(text));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    expect(read.ok).toBe(false);
    return;
  }
  const broken = brokenRules(text);
  if (read.ok) {
    expect([...broken]).toEqual([]);
    expect(read.value).toEqual(parsed);
  } else expect([...broken]).toContain(read.refusals[0]!.code);
}

describe('properties', () => {
  test('exactly what JSON.parse accepts is accepted, but for what breaks a named rule', () => {
    fc.assert(fc.property(jsonText, agreesWithReader), { numRuns: 1000 });
  });

  test('the same holds for arbitrary JSON documents', () => {
    fc.assert(fc.property(fc.json(), agreesWithReader), { numRuns: 500 });
  });

  test('the same holds for soups of JSON tokens', () => {
    const token = fc.constantFrom(...'{}[],:"\\', '"a"', '"a":', '1', '-', '0', '.', 'e', 'null', ' ', '\ufeff', 'x');
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join('')),
        agreesWithReader,
      ),
      { numRuns: 2000 },
    );
  });

  test('arbitrary bytes give an answer and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        const read = parseJson(input);
        if (!read.ok) {
          expect(read.refusals).toHaveLength(1);
          expect(read.refusals[0]!.zh).not.toBe('');
          expect(read.refusals[0]!.en).not.toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('nothing read has a prototype of its own making', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const read = parseJson(bytes(text));
        if (read.ok && isObject(read.value)) expect(Object.getPrototypeOf(read.value)).toBe(Object.prototype);
      }),
    );
  });
});
