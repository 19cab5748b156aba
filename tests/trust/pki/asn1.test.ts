import fc from 'fast-check';
import {
  bitsOf,
  type Element,
  fieldsOf,
  isTrue,
  NotDer,
  naturalOf,
  oidOf,
  readDer,
  TAG,
  timeOf,
  writeDer,
} from '../../../src/trust/pki/asn1.ts';
import { bytesOf, leaf, oid } from './edit.ts';

const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };
const of = (hex: string): Element => readDer(Buffer.from(hex, 'hex'));

describe('lengths', () => {
  test('are read as another library writes them, at every size', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000), (length) => {
        const content = Buffer.alloc(length, 7);
        const foreign = bytesOf(leaf(0x04, content));
        expect(Buffer.from(readDer(foreign).content).equals(content)).toBe(true);
        expect(Buffer.from(writeDer(TAG.octetString, content)).equals(foreign)).toBe(true);
      }),
      seed,
    );
  });

  test.each([
    ['indefinite', '3080020101 0000'],
    ['longer than need be', '04810161'],
    ['with leading zeros', '0482000161'],
    ['of four octets', '048400000001 61'],
    ['more than there is', '040261'],
    ['less than there is', '04016161'],
    ['missing', '04'],
  ])('that are %s are refused', (_, hex) => {
    expect(() => of(hex.replaceAll(' ', ''))).toThrow(NotDer);
  });

  test('a tag of several octets is refused', () => {
    expect(() => of('1f8101 0161'.replaceAll(' ', ''))).toThrow(NotDer);
  });

  test('whatever is read was written in the one way there is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let read: Element;
        try {
          read = readDer(bytes);
        } catch (fault) {
          expect(fault).toBeInstanceOf(NotDer);
          return;
        }
        expect(Buffer.from(writeDer(read.tag, read.content)).equals(bytes)).toBe(true);
      }),
      { numRuns: 2000, ...seed },
    );
  });
});

describe('object identifiers', () => {
  test.each(['1.2.840.113549.1.1.11', '2.5.29.19', '0.9.2342', '1.39.1', '2.999.3', '1.3.6.1.4.1.4294967295'])(
    '%s reads as another library wrote it',
    (dotted) => {
      expect(oidOf(readDer(bytesOf(oid(dotted))))).toBe(dotted);
    },
  );

  test('one under a UUID keeps all of its 123 bits', () => {
    expect(oidOf(of('0613698cbec1a2acf2b284e59be7be8bf5b39bc25f'))).toBe('2.25.8299937979368596801890768801426235743');
  });

  test.each(['0600', '060281', '06035580 01', '060180'])('%s is refused', (hex) => {
    expect(() => oidOf(of(hex.replaceAll(' ', '')))).toThrow();
  });
});

describe('numbers, bits and truth', () => {
  test.each([
    ['0200', 'empty'],
    ['0201ff', 'negative'],
    ['02020001', 'with a leading zero'],
    ['040101', 'another type'],
  ])('INTEGER %s is refused: %s', (hex) => {
    expect(() => naturalOf(of(hex))).toThrow(NotDer);
  });

  test('a leading zero that keeps a number positive stays', () => {
    expect(Buffer.from(naturalOf(of('02020080'))).toString('hex')).toBe('0080');
  });

  test.each(['0300', '030100', '03020780'])('BIT STRING %s is no key and no signature', (hex) => {
    expect(() => bitsOf(of(hex))).toThrow(NotDer);
  });

  test('TRUE is FF, and FALSE is not written', () => {
    expect([isTrue(of('0101ff')), isTrue(undefined)]).toEqual([true, false]);
    for (const hex of ['010100', '010101', '0102ffff']) expect(() => isTrue(of(hex))).toThrow(NotDer);
  });
});

describe('times', () => {
  const time = (tag: number, text: string): number => timeOf(readDer(writeDer(tag, Buffer.from(text))));

  test.each([
    [0x17, '260701120000Z', '2026-07-01T12:00:00.000Z'],
    [0x17, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [0x17, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [0x18, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [0x17, '280229000000Z', '2028-02-29T00:00:00.000Z'],
  ])('%i %s is %s', (tag, text, iso) => {
    expect(new Date(time(tag, text)).toISOString()).toBe(iso);
  });

  test.each([
    [0x17, '2607011200Z'],
    [0x17, '260701120000'],
    [0x17, '260701120000+0000'],
    [0x17, '270229000000Z'],
    [0x17, '260701240000Z'],
    [0x17, '260701120060Z'],
    [0x18, '20260701120000Z'],
    [0x18, '20500101000000.0Z'],
    [0x0c, '260701120000Z'],
    [0x17, '20500101000000Z'],
    [0x18, '500101000000Z'],
  ])('%i %s is refused', (tag, text) => {
    expect(() => time(tag, text)).toThrow(NotDer);
  });
});

test('fields are taken in order and to the last', () => {
  const fields = fieldsOf(of('3006020101020102'));
  fields.take(TAG.integer);
  expect(() => fields.end()).toThrow(NotDer);
  expect(fields.maybe(TAG.boolean)).toBeUndefined();
  fields.take(TAG.integer);
  fields.end();
  expect(() => fields.take(TAG.integer)).toThrow(NotDer);
});
