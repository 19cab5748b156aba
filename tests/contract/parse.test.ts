import fc from 'fast-check';
import type { Kind } from '../../src/contract/message.ts';
import { parseMessageBytes } from '../../src/contract/parse.ts';
import { messageOf } from '../support/messages.ts';
import { refusalsOf, withPart } from './refusing.ts';
import { plainDeal, plainListing } from './samples.ts';

test('the plain listing and the plain deal are valid', () => {
  expect(refusalsOf(plainListing)).toEqual([]);
  expect(refusalsOf(plainDeal)).toEqual([]);
});

describe('what is no message', () => {
  test.each<[unknown, string]>([
    [null, 'wrong-type '],
    [[], 'wrong-type '],
    ['listing', 'wrong-type '],
    [{}, 'missing-field /kind'],
    [{ kind: 7 }, 'wrong-type /kind'],
    [{ kind: { toString: 1 } }, 'wrong-type /kind'],
    [{ kind: 'common' }, 'unknown-kind /kind'],
    [{ kind: 'rulebook' }, 'unknown-kind /kind'],
    [{ kind: 'toString' }, 'unknown-kind /kind'],
    [{ kind: 'x'.repeat(10_000) }, 'unknown-kind /kind'],
  ])('%p is refused', (value, expected) => {
    expect(refusalsOf(value)).toEqual([expected]);
  });

  test('bytes that are no JSON are refused as such', () => {
    const parsed = parseMessageBytes(Buffer.from('{"kind":"listing","kind":"listing"}'));
    expect(parsed.ok ? [] : parsed.refusals.map(({ code }) => code)).toEqual(['duplicate-key']);
  });
});

describe('a listing is refused, by code and pointer,', () => {
  test.each<[string, string, unknown, string]>([
    ['without a title', '/title', undefined, 'missing-field /title'],
    ['with a field of nobody', '/more/~0', 1, 'unknown-field /more'],
    ['with a number where text is due', '/title', 7, 'wrong-type /title'],
    ['with a mode of nobody', '/mode', 'matching', 'unknown-code /mode'],
    ['with an empty title', '/title', '', 'bad-format /title'],
    ['with a title of 201 characters', '/title', '龦'.repeat(201), 'bad-format /title'],
    ['with a control character in its title', '/title', 'a\u0001b', 'bad-format /title'],
    ['with a lone surrogate in its title', '/title', 'a\ud800b', 'bad-format /title'],
    ['with a noncharacter in its title', '/title', 'a\uffffb', 'bad-format /title'],
    ['with SOH in an IP number', '/object/ip/0/number', '1\u000120041=1', 'bad-format /object/ip/0/number'],
    ['with a line break in an IPC', '/object/ipc', ['H01M\n10/0562'], 'bad-format /object/ipc/0'],
    ['with version 0', '/version', 0, 'bad-format /version'],
    ['with version 1.5', '/version', 1.5, 'wrong-type /version'],
    ['with a price as a number', '/price/amount/amount', 1285000, 'wrong-type /price/amount/amount'],
    ['with one decimal', '/price/amount/amount', '1.0', 'bad-money /price/amount/amount'],
    ['with three decimals', '/price/amount/amount', '1.000', 'fen-fraction /price/amount/amount'],
    ['with a negative price', '/price/amount/amount', '-1.00', 'negative-money /price/amount/amount'],
    ['with a price beyond 2^53', '/price/amount/amount', '90071992547409.92', 'money-too-large /price/amount/amount'],
    [
      'with a price of 40 digits',
      '/price/amount/amount',
      `${'9'.repeat(40)}.00`,
      'money-too-large /price/amount/amount',
    ],
    ['in dollars', '/price/amount/currency', 'USD', 'unknown-code /price/amount/currency'],
    ['starting on 30 February', '/disclosure/startsOn', '2026-02-30', 'bad-date /disclosure/startsOn'],
    ['published in UTC', '/publishedAt', '2026-03-02T01:30:00Z', 'bad-date /publishedAt'],
    ['with a wrong credit code', '/seller/uscc', '91110108MA0000015U', 'bad-check-digit /seller/uscc'],
    ['with a wrong patent number', '/object/ip/0/number', 'ZL202310123456.7', 'bad-check-digit /object/ip/0/number'],
    ['with an application as a patent', '/object/ip/0/number', '202310123456.6', 'bad-check-digit /object/ip/0/number'],
    ['without holders', '/object/ip/0/holders', [], 'bad-format /object/ip/0/holders'],
    ['of another exchange', '/home', 'stex', 'inconsistent /id'],
    ['under another number', '/nativeId', 'TJ2026-000124', 'inconsistent /id'],
    ['whose licence is no licence', '/license', { scope: 'sole' }, 'inconsistent /license'],
    ['that licenses nothing in particular', '/dealType', 'license', 'missing-field /license'],
    ['that fixes no price', '/price', { kind: 'fixed' }, 'missing-field /price/amount'],
    ['that negotiates a given price', '/price/kind', 'negotiable', 'inconsistent /price/amount'],
    ['that ends before it starts', '/disclosure/endsOn', '2026-03-01', 'inconsistent /disclosure/endsOn'],
    [
      'whose notice ends before it starts',
      '/disclosure/notice',
      { kind: 'public-rnd-notice', startsOn: '2026-03-02', endsOn: '2026-03-01', objections: false },
      'inconsistent /disclosure/notice/endsOn',
    ],
    [
      'whose patent expires before filing',
      '/object/ip/0/expiresOn',
      '2023-02-02',
      'inconsistent /object/ip/0/expiresOn',
    ],
    ['that is about something else', '/object/type', 'software', 'inconsistent /object/type'],
    ['sold by a person that is a company', '/seller/kind', 'natural', 'inconsistent /seller/kind'],
    ['sold by a company that is a person', '/seller/nature', 'natural-person', 'inconsistent /seller/kind'],
    ['in instalments without any', '/payment', { plan: 'instalments' }, 'missing-field /payment/instalments'],
    ['at once in instalments', '/payment/plan', 'lump-sum', 'inconsistent /payment/instalments'],
    ['whose instalments fall short', '/payment/instalments/1/share', '0.69', 'bad-instalments /payment/instalments'],
    ['whose instalments exceed', '/payment/instalments/1/share', '0.700001', 'bad-instalments /payment/instalments'],
    ['with a share above one', '/payment/instalments/1/share', '1.01', 'bad-format /payment/instalments/1/share'],
    ['extended by an exchange of nobody', '/extensions', { hkex: {} }, 'unknown-field /extensions/hkex'],
  ])('%s', (_, pointer, value, expected) => {
    const base = pointer === '/more/~0' ? { ...plainListing, more: {} } : plainListing;
    expect(refusalsOf(withPart(base, pointer, value))).toEqual([expected]);
  });

  test('with everything that is wrong, not the first', () => {
    const wrong = withPart(withPart(plainListing, '/title', undefined), '/mode', 'x');
    expect(refusalsOf(wrong)).toEqual(['missing-field /title', 'unknown-code /mode']);
    const contrary = withPart(withPart(plainListing, '/home', 'stex'), '/object/type', 'design');
    expect(refusalsOf(contrary)).toEqual(['inconsistent /id', 'inconsistent /object/type']);
  });

  test('of twenty thousand wrong items with the first, each item looked at once', () => {
    // The square of their number would be a minute's work.
    const ip = Array.from({ length: 20_000 }, () => ({}));
    expect(refusalsOf(withPart(plainListing, '/object/ip', ip))).toHaveLength(1);
    const few = refusalsOf(withPart(plainListing, '/object/ip', ip.slice(0, 3)));
    expect(new Set(few.map((reason) => reason.split('/')[3]))).toEqual(new Set(['0', '1', '2']));
  });

  test('but with no more than 50 reasons', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, i]));
    expect(refusalsOf({ ...plainListing, ...many })).toHaveLength(50);
  });

  test('and a natural person has no credit code', () => {
    const person = { ...plainListing.seller, kind: 'natural', nature: 'natural-person' };
    expect(refusalsOf({ ...plainListing, seller: person })).toEqual(['inconsistent /seller/uscc']);
  });
});

describe('properties', () => {
  const named: readonly Kind[] = ['listing', 'interest', 'bid', 'deal', 'deal-confirmed', 'funds', 'listing-state'];

  test.each(named)(
    'a %s without one of its fields, or with one more, is refused for that alone or still valid',
    (kind) => {
      fc.assert(
        fc.property(messageOf(kind), fc.nat(), (message, pick) => {
          const keys = Object.keys(message).filter((key) => key !== 'kind');
          const key = keys[pick % keys.length]!;
          for (const reason of refusalsOf(withPart(message, `/${key}`, undefined))) {
            expect(reason).toMatch(/^(missing-field|inconsistent) /);
          }
          expect(refusalsOf({ ...message, extra: 1 })).toEqual(['unknown-field /extra']);
        }),
      );
    },
  );

  test('any JSON value in place of any part is answered and never thrown on', () => {
    const paths = ['/kind', '/id', '/seller', '/object', '/object/ip', '/object/ip/0', '/price', '/price/amount'];
    const more = ['/payment/instalments', '/payment/instalments/0/share', '/disclosure', '/extensions', '/publishedAt'];
    const odd = fc.oneof(fc.jsonValue(), fc.constant({ toString: 1, valueOf: 1 }), fc.constant([[]]));
    fc.assert(
      fc.property(fc.constantFrom(...paths, ...more), odd, (pointer, value) => {
        refusalsOf(withPart(plainListing, pointer, value));
      }),
      { numRuns: 1000 },
    );
  });
});
