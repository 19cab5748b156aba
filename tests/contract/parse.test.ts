import fc from 'fast-check';
import type { Json } from '../../src/contract/json.ts';
import type { Kind } from '../../src/contract/message.ts';
import { parseMessage, parseMessageBytes } from '../../src/contract/parse.ts';
import { messageOf } from '../support/messages.ts';
import { plainDeal, plainListing } from './samples.ts';

/** A copy of `message` with what the pointer names set, or (undefined) taken out. */
function withPart(message: unknown, pointer: string, value: unknown): Json {
  const copy = structuredClone(message) as object;
  const steps = pointer.slice(1).split('/');
  let node = copy as Record<string, unknown>;
  for (const key of steps.slice(0, -1)) node = node[key] as Record<string, unknown>;
  if (value === undefined) delete node[steps.at(-1)!];
  else node[steps.at(-1)!] = value;
  return copy as Json;
}

/** `code pointer` of every refusal; both languages must say something. */
function refusalsOf(message: unknown): readonly string[] {
  const parsed = parseMessage(message as Json);
  if (parsed.ok) return [];
  expect(parsed.refusals).not.toEqual([]);
  return parsed.refusals.map(({ code, pointer, zh, en }) => {
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).toMatch(/[a-z]/);
    return `${code} ${pointer}`;
  });
}

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

  test('but with no more than 50 reasons', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, i]));
    expect(refusalsOf({ ...plainListing, ...many })).toHaveLength(50);
  });

  test('and a natural person has no credit code', () => {
    const person = { ...plainListing.seller, kind: 'natural', nature: 'natural-person' };
    expect(refusalsOf({ ...plainListing, seller: person })).toEqual(['inconsistent /seller/uscc']);
  });
});

describe('a reference to a listing', () => {
  const interest = {
    kind: 'interest',
    id: 'stex:YX-1',
    host: 'stex',
    buyer: plainDeal.buyer,
    registeredAt: '2026-03-05T10:00:00+08:00',
  };
  test.each<[unknown, readonly string[]]>([
    [{ id: 'ctex:TJ-1' }, []],
    [{ id: 'ctex:TJ-1', version: 2 }, []],
    [{ mirror: 'stex:M-1' }, []],
    [{}, ['missing-field /listing/id']],
    [{ id: 'TJ-1' }, ['bad-format /listing/id']],
    [{ mirror: 'hkex:1' }, ['bad-format /listing/mirror']],
    [{ id: 'ctex:TJ-1', more: 1 }, ['unknown-field /listing/more']],
    [{ mirror: 'stex:M-1', version: 0 }, ['bad-format /listing/version']],
    ['ctex:TJ-1', ['wrong-type /listing']],
    [{ mirror: 'ctex:M-1' }, ['inconsistent /listing/mirror']],
  ])('%p', (listing, expected) => {
    expect(refusalsOf({ ...interest, listing })).toEqual(expected);
  });

  test('names the listing in one way only', () => {
    expect(refusalsOf({ ...interest, listing: { id: 'ctex:TJ-1', mirror: 'stex:M-1' } })).toHaveLength(1);
  });

  test('an interest or bid carries the number of its host', () => {
    expect(refusalsOf({ ...interest, listing: { id: 'ctex:T' }, id: 'szse:1' })).toEqual(['inconsistent /host']);
  });
});

describe('a deal is refused, by code and pointer,', () => {
  test.each<[string, string, unknown, readonly string[]]>([
    [
      'when the technology costs more than all',
      '/technologyAmount/amount',
      '1285000.01',
      ['inconsistent /technologyAmount'],
    ],
    ['when another exchange numbered it', '/id', 'stex:CJ-1', ['inconsistent /home']],
    ['when the listing is not of its home', '/listing', { id: 'szse:1' }, ['inconsistent /listing/id']],
    ['when the mirror is not of its host', '/listing', { mirror: 'ctex:M-1' }, ['inconsistent /listing/mirror']],
    ['when concluded with a certificate', '/certificate', 'JZ-1', ['inconsistent /certificate']],
    ['when certified without one', '/status', 'certified', ['missing-field /certificate']],
    ['when registered without one', '/status', 'registered', ['missing-field /certificate']],
    ['when settled without one', '/status', 'settled', ['missing-field /certificate']],
    ['when reversed without one', '/status', 'reversed', ['missing-field /certificate']],
    ['when a buyer is a company and a person', '/buyer/kind', 'natural', ['inconsistent /buyer/kind']],
    ['when a fee has no payer', '/fees/0/payer', undefined, ['missing-field /fees/0/payer']],
  ])('%s', (_, pointer, value, expected) => {
    expect(refusalsOf(withPart(plainDeal, pointer, value))).toEqual(expected);
  });

  test.each(['confirmed', 'funded', 'cancelled'])('when %s already with a certificate', (status) => {
    expect(refusalsOf({ ...plainDeal, status })).toEqual([]);
    expect(refusalsOf({ ...plainDeal, status, certificate: 'JZ-1' })).toEqual(['inconsistent /certificate']);
  });

  test.each(['certified', 'ip-recorded', 'registered', 'settled', 'reversed'])('but not when %s with one', (status) => {
    expect(refusalsOf({ ...plainDeal, status, certificate: 'JZ-1' })).toEqual([]);
  });
});

describe('other kinds', () => {
  test('funds are about a deal or an interest, and not about both or neither', () => {
    const funds = {
      kind: 'funds',
      id: 'ctex:ZJ-1',
      leg: 'price-paid',
      payer: '买方',
      payee: '卖方',
      amount: { amount: '0.01', currency: 'CNY' },
      valueDate: '2026-03-20',
      bankRef: 'HVPS-1',
    };
    expect(refusalsOf({ ...funds, deal: 'ctex:CJ-1' })).toEqual([]);
    expect(refusalsOf({ ...funds, interest: 'ctex:YX-1' })).toEqual([]);
    expect(refusalsOf(funds)).toEqual(['inconsistent ']);
    expect(refusalsOf({ ...funds, deal: 'ctex:CJ-1', interest: 'ctex:YX-1' })).toEqual(['inconsistent ']);
  });

  test('a mirror number is given by the host that shows it', () => {
    const mirrored = {
      kind: 'listing-mirrored',
      listing: { id: 'ctex:TJ-1', version: 1 },
      host: 'stex',
      mirror: 'stex:M-1',
      mirroredAt: '2026-03-02T09:31:00+08:00',
      terms: {},
    };
    expect(refusalsOf(mirrored)).toEqual([]);
    expect(refusalsOf({ ...mirrored, mirror: 'szse:M-1' })).toEqual(['inconsistent /host']);
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
