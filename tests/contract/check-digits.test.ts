import fc from 'fast-check';
import { canonicalIpNumber, isUscc, readApplicationNumber } from '../../src/contract/check-digits.ts';
import { applicationNumber, uscc } from '../support/values.ts';

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

describe('统一社会信用代码', () => {
  test.each([
    ['91350100M000100Y43', "the standard's own example"],
    ['91110108MA0000015T', ''],
    ['91440300MA5F00034N', ''],
    ['12310000425000014Y', ''],
    ['91310110MA1G003960', 'sum 0 gives 0'],
    ['91310110MA1G0002XY', 'sum 1 gives Y'],
  ])('%s is right %s', (code) => {
    expect(isUscc(code)).toBe(true);
  });

  test.each([
    '91350100M000100Y4Z',
    '91350100M000100Y44',
    '91350100m000100y43',
    '91350100M000100Y4',
    '91350100M000100Y433',
    ' 91350100M000100Y43',
    '９1350100M000100Y43',
    'I1350100M000100Y43',
    '',
  ])('%p is wrong', (code) => {
    expect(isUscc(code)).toBe(false);
  });

  test('every generated code is right, and any other character in any one place makes it wrong', () => {
    fc.assert(
      fc.property(uscc, fc.nat(17), fc.constantFrom(...ALPHABET, ...'IOSVZiosvz *-'), (code, place, other) => {
        expect(isUscc(code)).toBe(true);
        fc.pre(code[place] !== other);
        expect(isUscc(code.slice(0, place) + other + code.slice(place + 1))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test('two different neighbours of the first 17 changed round make it wrong', () => {
    fc.assert(
      fc.property(uscc, fc.nat(15), (code, place) => {
        fc.pre(code[place] !== code[place + 1]);
        const swapped = code.slice(0, place) + code[place + 1] + code[place] + code.slice(place + 2);
        // 3^i − 3^(i+1) = −2·3^i is never 0 modulo the prime 31.
        expect(isUscc(swapped)).toBe(false);
      }),
    );
  });
});

describe('专利申请号', () => {
  test.each([
    ['201710601862.3', '201710601862.3'],
    ['202310123456.6', '202310123456.6'],
    ['202420765432.0', '202420765432.0'],
    ['202130000007.4', '202130000007.4'],
    ['202411000010.5', '202411000010.5'],
    ['95115608.X', '95115608.X'],
    ['97101765.4', '97101765.4'],
    ['ZL201710601862.3', '201710601862.3'],
    ['ZL 2023 1 0123456.6', '202310123456.6'],
    ['zl2017106018623', '201710601862.3'],
    ['95115608.x', '95115608.X'],
    ['95115608x', '95115608.X'],
    ['２０２３１０１２３４５６．６', '202310123456.6'],
    ['ＺＬ　２０２３１０１２３４５６.6', '202310123456.6'],
  ])('%s reads as %s', (text, canonical) => {
    expect(readApplicationNumber(text)).toBe(canonical);
  });

  test.each([
    '201710601862.4',
    '202310123456.X',
    '95115608.0',
    '2023101234566.6',
    '20231012345.6',
    '202310123456',
    'US10123456',
    'ZLZL202310123456.6',
    '202310123456..6',
    '202310123456,6',
    '②02310123456.6',
    '²02310123456.6',
    '',
    'ZL',
  ])('%p is none', (text) => {
    expect(readApplicationNumber(text)).toBeUndefined();
  });

  test('every generated number is right, and any other character in any one place makes it wrong', () => {
    const place = fc.nat(13);
    fc.assert(
      fc.property(
        applicationNumber(['1', '2', '3', '8', '9']),
        place,
        fc.constantFrom(...'0123456789X'),
        (text, i, c) => {
          expect(readApplicationNumber(text)).toBe(text);
          fc.pre(i < text.length && text[i] !== '.' && text[i] !== c);
          expect(readApplicationNumber(text.slice(0, i) + c + text.slice(i + 1))).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('the number of a granted patent has ZL before it, that of an application has not', () => {
    expect(canonicalIpNumber('invention', '2023 1 0123456.6')).toBe('ZL202310123456.6');
    expect(canonicalIpNumber('design', 'ZL202130000007.4')).toBe('ZL202130000007.4');
    expect(canonicalIpNumber('patent-application', 'ZL202310123456.6')).toBe('202310123456.6');
    expect(canonicalIpNumber('utility-model', '202420765432.1')).toBeUndefined();
  });

  test('numbers of other rights have no check digit and stay as they are', () => {
    expect(canonicalIpNumber('software', '2023SR0123456')).toBe('2023SR0123456');
    expect(canonicalIpNumber('other', '')).toBeUndefined();
    expect(canonicalIpNumber('other', 'x'.repeat(65))).toBeUndefined();
  });
});
