import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { decode } from '../../../adapters/szse/decode.ts';
import { decodeStatement } from '../../../adapters/szse/statement.ts';
import type { Checked } from '../../../src/contract/refusal.ts';
import { framed, LISTING, listingWith, sample, tagged } from './tagged.ts';

function codesOf(checked: Checked<unknown>): readonly string[] {
  if (checked.ok) return ['accepted'];
  for (const { zh, en } of checked.refusals) expect([zh, en]).not.toContain('');
  return checked.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
}

const listing = tagged(LISTING);
const deal = sample('UD-deal.txt').toString().replaceAll('\u0001', '|');

describe('what is wrong is said with code and tag', () => {
  test.each<[string, Buffer, string]>([
    ['nothing at all', Buffer.alloc(0), 'not-tagged '],
    ['cut off in the middle', listing.subarray(0, 300), 'not-tagged '],
    ['cut off before the last separator', listing.subarray(0, -1), 'not-tagged '],
    [
      'GB18030 instead of UTF-8',
      Buffer.concat([listing.subarray(0, 40), Buffer.from([0xb8, 0xdf, 0x01])]),
      'not-text ',
    ],
    ['more than 1 MiB', Buffer.concat([listing, Buffer.alloc(1_048_577, 0x41)]), 'too-large '],
    ['more fields than any message has', tagged(`35=UL|${'1=2|'.repeat(10_001)}`), 'too-large '],
    ['JSON', Buffer.from('{"a":1}\u0001'), 'not-tagged '],
    ['an empty value', listingWith(20005, ''), 'not-tagged '],
    ['a tag with a leading zero', tagged(LISTING.replace('|20005=', '|020005=')), 'not-tagged '],
    ['__proto__ as a tag', tagged(`${LISTING}__proto__=1|`), 'not-tagged '],
    ['no message type', tagged(LISTING.slice('35=UL|'.length)), 'missing-field /35'],
    ['a session message', tagged('35=0|112=1|'), 'unknown-kind /35'],
    ['an unknown message type', tagged(LISTING.replace('35=UL', '35=UX')), 'unknown-kind /35'],
    ['an unknown tag', tagged(`${LISTING}29999=1|`), 'unknown-field /29999'],
    ['a tag twice, with the same value', tagged(`${LISTING}20054=0|`), 'duplicate-key /20054'],
    ['a member tag twice', tagged(LISTING.replace('20017=N|', '20017=N|20017=N|')), 'duplicate-key /20010/0/20017'],
    ['a group count too high', listingWith(20010, '2'), 'bad-group-count /20010'],
    ['a group count too low', listingWith(20010, '0'), 'bad-group-count /20010'],
    ['a group count that is none', listingWith(20010, '1.0'), 'bad-number /20010'],
    ['a member that does not start as members do', tagged(LISTING.replace('20011=I|', '')), 'bad-group-count /20010'],
    ['a member outside its group', tagged(`${LISTING}20012=2023101234566|`), 'bad-group-count /20012'],
    ['a group counter left out', tagged(LISTING.replace('20010=1|', '')), 'bad-group-count /20011'],
    ['no client id', listingWith(11, undefined), 'missing-field /11'],
    ['no version', listingWith(20002, undefined), 'missing-field /20002'],
    ['version zero', listingWith(20002, '0'), 'bad-number /20002'],
    ['an unknown mode', listingWith(20009, 'X'), 'unknown-code /20009'],
    ['a key of every object as a code', listingWith(20009, 'constructor'), 'unknown-code /20009'],
    ['an unknown technology field', listingWith(20018, '12'), 'unknown-code /20018'],
    ['full-width digits in a field code', listingWith(20018, '０４'), 'unknown-code /20018'],
    ['an amount with a fraction', listingWith(20041, '1285000.5'), 'fen-fraction /20041'],
    ['an amount with a point', listingWith(20041, '1285000.00'), 'bad-money /20041'],
    ['a negative amount', listingWith(20041, '-1'), 'negative-money /20041'],
    ['an exponent', listingWith(20041, '1e5'), 'bad-money /20041'],
    ['hexadecimal', listingWith(20041, '0x10'), 'bad-money /20041'],
    ['a leading zero', listingWith(20041, '01'), 'bad-money /20041'],
    ['thousands separators', listingWith(20041, '1,285,000'), 'bad-money /20041'],
    ['full-width digits in an amount', listingWith(20041, '１２８'), 'bad-money /20041'],
    ['2^53 fen', listingWith(20041, '9007199254740992'), 'money-too-large /20041'],
    ['a fixed price without amount', listingWith(20041, undefined), 'missing-field /20041'],
    ['a date that does not exist', listingWith(20045, '20260230'), 'bad-date /20045'],
    ['a date with dashes', listingWith(20045, '2026-03-17'), 'bad-date /20045'],
    ['disclosure that ends before it starts', listingWith(20045, '20260301'), 'inconsistent /20045'],
    ['an instant without milliseconds', listingWith(20043, '20260302-09:30:00'), 'bad-date /20043'],
    ['hour 24', listingWith(20043, '20260302-24:00:00.000'), 'bad-date /20043'],
    ['a wrong 统一社会信用代码', listingWith(20031, '91440300MA5F00035N'), 'bad-check-digit /20031'],
    ['a wrong patent number', listingWith(20012, '2023101234567'), 'bad-check-digit /20010/0/20012'],
    ['a readiness level of 10', listingWith(20021, '10'), 'bad-number /20021'],
    ['an industry that is none', listingWith(20019, 'Z99'), 'bad-format /20019'],
    ['an IPC that is none', listingWith(20020, 'X99'), 'bad-format /20020'],
    ['text over 2,000 bytes', tagged(`${LISTING}20006=${'芯'.repeat(667)}|`), 'bad-format /20006'],
    ['a control character', tagged(`${LISTING}20006=a\u0007b|`), 'bad-format /20006'],
    ['a licence without scope', listingWith(20007, 'L'), 'missing-field /20008'],
    [
      'a deal whose technology amount is above its price',
      tagged(deal.replace('20072=120000000', '20072=128500001')),
      'inconsistent /20072',
    ],
    ['a certified deal without certificate', tagged(deal.replace('35=UD', '35=UE')), 'missing-field /20075'],
    ['a natural person with a company code', listingWith(20032, '5'), 'inconsistent /20031'],
    [
      'an unknown home exchange',
      tagged('35=UI|11=1|20080=NYSE|20081=1|20001=K|20063=a|20065=3|20067=142|60=20260302-09:30:00.000|'),
      'unknown-code /20080',
    ],
  ])('%s', (_, bytes, expected) => {
    expect(codesOf(decode(bytes))).toContain(expected);
  });

  test('length and checksum are checked where they are there', () => {
    const whole = framed(listing).toString('latin1');
    const broken = (from: string, to: string) => codesOf(decode(Buffer.from(whole.replace(from, to), 'latin1')));
    expect(codesOf(decode(Buffer.from(whole, 'latin1')))).toEqual(['accepted']);
    expect(broken('20002=1', '20002=2')).toEqual(['bad-checksum /10']);
    expect(broken('\u00019=', '\u00019=9')).toEqual(['bad-checksum /10', 'bad-length /9']);
    expect(broken('93=8', '93=9')).toEqual(['bad-checksum /10', 'bad-length /93']);
    expect(broken('8=STEP.1.0.0', '8=FIX.4.4')).toContain('unknown-code /8');
  });

  test('arbitrary bytes are refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(decode(bytes).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('a sample changed anywhere is read or refused, never thrown at', () => {
    const change = fc.tuple(fc.nat(listing.length - 1), fc.nat(255), fc.constantFrom('set', 'insert', 'cut'));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        let bytes = listing;
        for (const [at, byte, how] of changes) {
          const put = how === 'cut' ? [] : [byte];
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            Buffer.from(put),
            bytes.subarray(how === 'insert' ? at : at + 1),
          ]);
        }
        expect(typeof decode(bytes).ok).toBe('boolean');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the day-end file', () => {
  const good = [
    'H|SZSE|20260302|1|0',
    'D|DJ0000000134||1|CTEX|1|91110108MA0020139E|91440305MA0010942Y|639916804|1919750|20260302|1',
    String.raw`D|DJ\|5\\7|CJ2026-0000157|2|CTEX|2|91440305MA002528XT|91110108MA00022999|54785322|109570|20260302|0`,
  ];
  const sha = '9b0b6a5b';

  function file(lines: readonly string[], tail?: string): Buffer {
    const head = `${lines.join('\n')}\n`;
    return Buffer.from(`${head}${tail ?? `T|2|694702126|2029320|${digest(head)}`}\n`);
  }

  test('reads with its controls, and a literal bar or backslash in a field', () => {
    expect(decodeStatement([file(good)])).toMatchObject({
      ok: true,
      value: {
        kind: 'statement',
        exchange: 'szse',
        date: '2026-03-02',
        batch: 1,
        openingCount: 0,
        count: 2,
        totalPrice: { amount: '6947021.26', currency: 'CNY' },
        totalFee: { amount: '20293.20', currency: 'CNY' },
        rows: [
          { dealNumber: 'DJ0000000134', role: 'home', counterExchange: 'ctex', state: 'signed', funds: 'part' },
          { dealNumber: 'DJ|5\\7', homeDealNumber: 'CJ2026-0000157', role: 'host', state: 'certified', funds: 'none' },
        ],
      },
    });
  });

  test.each<[string, readonly Buffer[], string]>([
    ['no file', [], 'inconsistent '],
    ['two files', [file(good), file(good)], 'inconsistent '],
    ['no last line', [Buffer.from(`${good.join('\n')}\n`)], 'missing-field /digest'],
    ['cut off', [file(good).subarray(0, 60)], 'missing-field /digest'],
    ['no first line', [file(good.slice(1))], 'missing-field /date'],
    ['another charset', [Buffer.from([0x48, 0x7c, 0xff])], 'not-text '],
    ['a wrong digest', [file(good, `T|2|694702126|2029320|${sha.padEnd(64, '0')}`)], 'bad-checksum /digest'],
    ['a changed price', [Buffer.from(file(good).toString().replace('639916804', '639916805'))], 'bad-checksum /digest'],
    [
      'a price with decimals',
      [file([good[0]!, good[1]!.replace('639916804', '6399168.04')])],
      'fen-fraction /rows/0/price',
    ],
    [
      'a row with a field too few',
      [file([good[0]!, good[1]!.replace('|SZSE', '').replace('||', '|')])],
      'not-tagged /rows/0',
    ],
    ['an unknown state', [file([good[0]!, good[1]!.replace('CTEX|1', 'CTEX|4')])], 'unknown-code /rows/0/state'],
    ['an unknown line', [file([good[0]!, 'X|1'])], 'unknown-kind /rows/0'],
    ['a stray backslash', [file([good[0]!, good[1]!.replace('DJ', String.raw`D\J`)])], 'not-tagged /rows/0'],
    ['Windows line ends', [Buffer.from(file(good).toString().replaceAll('\n', '\r\n'))], 'bad-number /openingCount'],
  ])('%s is refused', (_, pages, expected) => {
    expect(codesOf(decodeStatement(pages))).toContain(expected);
  });

  test('arbitrary bytes are refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeStatement([bytes]).ok).toBe(false);
      }),
    );
  });
});

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
