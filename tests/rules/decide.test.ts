import type { Listing } from '../../src/contract/message.ts';
import { type Decision, type DecisionContext, decide } from '../../src/rules/decide.ts';
import { type IssueCode, issueCodes } from '../../src/rules/issue.ts';
import type { Rulebook } from '../../src/rules/rulebook.ts';
import { termsApplied } from '../../src/rules/terms.ts';
import { books, bookWith, copy, document, isMessage, listing, read, seller } from './fixtures.ts';

const AT = '2026-03-02';
const covered = new Set<IssueCode>();

function ask(one: Listing, home: Rulebook, host: Rulebook, at = AT, context: DecisionContext = {}): Decision {
  expect(isMessage(one)).toBe(true);
  const decision = decide(one, home, host, at, context);
  for (const issue of decision.issues) {
    covered.add(issue.code);
    for (const text of [issue.clause, issue.detail.zh, issue.detail.en, issue.basis.zh, issue.basis.en]) {
      expect(text.length).toBeGreaterThan(0);
    }
  }
  return decision;
}

/** The codes and the verdict. */
function codes(one: Listing, home: Rulebook, host: Rulebook, at = AT, context: DecisionContext = {}): string[] {
  const decision = ask(one, home, host, at, context);
  return [decision.verdict, ...decision.issues.map(({ code }) => code)];
}

const { ctex, stex, szse } = books;
const money = (amount: string) => ({ amount, currency: 'CNY' as const });
const disclosed = (startsOn: string, endsOn: string, more: Partial<Listing['disclosure']> = {}) => ({
  disclosure: { startsOn, endsOn, ...more },
});

afterAll(() => {
  expect([...covered].sort()).toEqual([...issueCodes].sort());
});

test('a listing both rulebooks take as it is is relayed, and still says that it rests on assumptions', () => {
  const decision = ask(listing('stex'), stex, szse);
  expect({ ...decision, terms: undefined }).toMatchObject({ verdict: 'relay', changes: [], issues: [] });
  expect(decision.restsOnAssumption).toContain('szse.disclosure.private');
  expect(decision.rulebooks).toEqual({
    home: { exchange: 'stex', version: 1, sha256: stex.sha256 },
    host: { exchange: 'szse', version: 1, sha256: szse.sha256 },
  });
  expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
});

describe('what the host does not have is refused, never converted', () => {
  test('mode', () => {
    expect(codes(listing('stex', { mode: 'tender' }), stex, szse)).toEqual(['refuse', 'mode-unsupported']);
    expect(codes(listing('szse', { mode: 'bidding' }), szse, stex)).toEqual(['relay']);
  });

  test('type of object', () => {
    const object = { type: 'other', field: '06', ip: [] } as Listing['object'];
    expect(codes(listing('ctex', { object }), ctex, stex)).toEqual(['refuse', 'object-type-unsupported']);
    expect(codes(listing('stex', { object }), stex, ctex)).toEqual(['relay']);
  });

  test('type of contract', () => {
    const one = listing('stex', { dealType: 'equity-contribution' });
    expect(codes(one, stex, szse)).toEqual(['refuse', 'deal-type-unsupported']);
    expect(codes(one, stex, ctex)).toEqual(['relay']);
  });

  test('kind of price', () => {
    const price = { kind: 'negotiable' } as const;
    expect(codes(listing('ctex', { price }), ctex, stex)).toEqual(['refuse', 'price-kind-unsupported']);
    expect(codes(listing('stex', { price }), stex, ctex)).toEqual(['relay']);
  });

  test('instalments at all, a first one below 30 %, or a last one after twelve months', () => {
    const plan = (first: string, rest: string, dueDays: number): Partial<Listing> => ({
      payment: {
        plan: 'instalments',
        instalments: [
          { share: first, dueDays: 5 },
          { share: rest, dueDays },
        ],
      },
    });
    const good = plan('0.30', '0.70', 365);
    expect(codes(listing('stex', good), stex, szse)).toEqual(['refuse', 'instalments-unsupported']);
    expect(codes(listing('stex', good), stex, ctex)).toEqual(['relay']);
    expect(codes(listing('stex', plan('0.29', '0.71', 365)), stex, ctex)[0]).toBe('refuse');
    expect(codes(listing('stex', plan('0.30', '0.70', 366)), stex, ctex)[0]).toBe('refuse');
    expect(codes(listing('stex', { payment: { plan: 'royalty' } }), stex, szse)).toEqual(['relay']);
  });

  test('all reasons are given, not the first', () => {
    const one = listing('ctex', { mode: 'tender', dealType: 'development', price: { kind: 'negotiable' } });
    expect(codes(one, ctex, szse)).toEqual([
      'refuse',
      'mode-unsupported',
      'deal-type-unsupported',
      'price-kind-unsupported',
    ]);
  });
});

describe('State-owned sellers', () => {
  const licensed = bookWith('stex', { 'soe-licence': 'yes' });
  const asset = (amount: string, endsOn: string): Listing =>
    listing('ctex', {
      regime: 'soe-asset',
      price: { kind: 'reserve', amount: money(amount) },
      ...disclosed(AT, endsOn),
    });

  test('are refused wherever the licence is not known to be there', () => {
    expect(codes(asset('500000.00', '2026-03-30'), ctex, stex)).toEqual(['refuse', 'soe-venue']);
    expect(codes(asset('500000.00', '2026-03-30'), ctex, bookWith('stex', { 'soe-licence': 'no' }))[0]).toBe('refuse');
    expect(codes(asset('500000.00', '2026-03-30'), ctex, licensed)).toEqual(['relay']);
  });

  test('are refused at a venue that does not admit their regime, whatever its licence', () => {
    const host = bookWith('szse', { 'soe-licence': 'yes' });
    const one = listing('ctex', { regime: 'soe-equity' });
    const decision = ask(one, ctex, host);
    expect(decision.issues.map(({ code, clause }) => [code, clause])).toEqual([['soe-venue', 'szse.regimes']]);
  });

  test.each([
    ['1000000.00', '2026-03-09'],
    ['1000000.01', '2026-03-16'],
    ['9999999.99', '2026-03-16'],
    ['10000000.00', '2026-03-30'],
    ['10000000.01', '2026-03-30'],
  ])('a reserve of %s is disclosed from 2026-03-02 until %s at least', (amount, endsOn) => {
    expect(codes(asset(amount, endsOn), ctex, licensed)).toEqual(['relay']);
    const dayBefore = new Date(Date.parse(endsOn) - 86_400_000).toISOString().slice(0, 10);
    expect(codes(asset(amount, dayBefore), ctex, licensed)).toContain('disclosure-short');
  });

  test('without a price the strictest tier holds', () => {
    const host = bookWith('stex', { 'soe-licence': 'yes', 'price-kinds': ['negotiable'] });
    const one = (endsOn: string) =>
      listing('ctex', { regime: 'soe-asset', price: { kind: 'negotiable' }, ...disclosed(AT, endsOn) });
    expect(codes(one('2026-03-30'), ctex, host)).toEqual(['relay']);
    expect(codes(one('2026-03-27'), ctex, host)).toContain('disclosure-short');
  });

  test('equity takes 20 and a capital increase 40 working days', () => {
    const one = (regime: Listing['regime'], endsOn: string) => listing('ctex', { regime, ...disclosed(AT, endsOn) });
    expect(codes(one('soe-equity', '2026-03-30'), ctex, licensed)).toEqual(['relay']);
    expect(codes(one('soe-capital', '2026-04-28'), ctex, licensed)).toEqual(['relay']);
    expect(codes(one('soe-capital', '2026-04-27'), ctex, licensed)).toContain('disclosure-short');
  });

  test('no exchange rule lowers the statutory floor', () => {
    const lax = document('ctex');
    lax.clauses = lax.clauses.filter(({ dimension }) => dimension !== 'disclosure') as never;
    const decision = ask(asset('5000000.00', '2026-03-09'), read(lax), licensed);
    expect(decision.issues.find(({ code }) => code === 'disclosure-short')?.clause).toBe(
      'law.disclosure.soe-asset.middle',
    );
    expect(decision.terms.disclosure).toMatchObject({ endsOn: '2026-03-16', from: 'statute', provenance: 'statute' });
  });
});

describe('parties from outside the mainland', () => {
  const from = (nature: Listing['seller']['nature'], country: string) =>
    listing('stex', { seller: { ...seller, nature, country } });

  test.each([
    ['foreign', '502'],
    ['foreign', '142'],
    ['private', '502'],
    ['hk-mo-tw', '110'],
    ['private', '121'],
    ['hk-mo-tw', '142'],
  ] as const)('a seller of nature %s from %s is held at one host and refused at the other', (nature, country) => {
    expect(codes(from(nature, country), stex, ctex)).toEqual(['hold', 'party-hold']);
    expect(codes(from(nature, country), stex, szse)).toEqual(['refuse', 'party-refused']);
  });

  test('a host that admits them relays', () => {
    const open = bookWith('ctex', { 'foreign-party': 'admit' });
    expect(codes(from('foreign', '502'), stex, open)).toEqual(['relay']);
    expect(codes(from('hk-mo-tw', '110'), stex, open)).toEqual(['hold', 'party-hold']);
  });
});

describe('the notice of an agreed price of a public research body', () => {
  const agreed = (
    notice?: Omit<NonNullable<Listing['disclosure']['notice']>, 'kind'>,
    mode: Listing['mode'] = 'agreement',
  ) =>
    listing('ctex', {
      regime: 'public-rnd',
      mode,
      seller: { ...seller, nature: 'public-rnd' },
      ...disclosed('2026-03-02', '2026-03-30', notice && { notice: { kind: 'public-rnd-notice', ...notice } }),
    });

  test('holds the listing until the day after its last day', () => {
    const open = { startsOn: '2026-03-02', endsOn: '2026-03-17', objections: false };
    expect(ask(agreed(open), ctex, stex, '2026-03-17')).toMatchObject({ verdict: 'hold', recheckOn: '2026-03-18' });
    expect(codes(agreed(open), ctex, stex, '2026-03-18')).toEqual(['relay']);
    expect(codes(agreed(open), ctex, stex, '2026-03-17T23:59:59+08:00')).toEqual(['hold', 'notice-open']);
  });

  test('shorter than fifteen days ends when it lawfully may', () => {
    const short = { startsOn: '2026-02-05', endsOn: '2026-02-10', objections: false };
    const decision = ask(agreed(short), ctex, stex, '2026-02-24');
    expect(decision).toMatchObject({ verdict: 'hold', recheckOn: '2026-02-25' });
    expect(decision.terms.notice).toMatchObject({ value: { days: 15, endsOn: '2026-02-24' }, from: 'statute' });
    expect(codes(agreed(short), ctex, stex, '2026-02-25')).toEqual(['relay']);
  });

  test('that is missing or met with objections holds without a date', () => {
    const missing = ask(agreed(), ctex, stex);
    expect([missing.verdict, missing.issues[0]?.code, missing.recheckOn]).toEqual(['hold', 'notice-open', undefined]);
    const opposed = { startsOn: '2026-01-05', endsOn: '2026-01-20', objections: true };
    expect(codes(agreed(opposed), ctex, stex)).toEqual(['hold', 'notice-objection']);
  });

  test('is not asked for when the price is found in another mode, nor of other sellers', () => {
    expect(codes(agreed(undefined, 'listing'), ctex, stex)).toEqual(['relay']);
    expect(codes(listing('ctex', { mode: 'agreement' }), ctex, stex)).toEqual(['relay']);
  });
});

describe('what law bars', () => {
  test('export control', () => {
    expect(codes(listing('stex', { export: 'prohibited' }), stex, ctex)).toEqual(['refuse', 'export-prohibited']);
    expect(codes(listing('stex', { export: 'restricted' }), stex, ctex)).toEqual(['hold', 'export-hold']);
  });

  test('more than 200 holders of one right', () => {
    const held = (holders: number) =>
      listing('stex', {
        object: {
          type: 'know-how',
          field: '06',
          ip: [
            {
              type: 'know-how',
              title: '示例',
              holders: Array.from({ length: holders }, (_, i) => `示例${i}`) as [string, ...string[]],
            },
          ],
        },
      });
    expect(codes(held(201), stex, ctex)).toEqual(['refuse', 'red-line']);
    expect(codes(held(200), stex, ctex)).toEqual(['relay']);
  });

  test('the same thing again within five trading days, make-up weekends not counted', () => {
    const again = (lastConcludedOn: string, at: string) => codes(listing('stex'), stex, ctex, at, { lastConcludedOn });
    expect(again('2026-02-27', '2026-03-05')).toEqual(['refuse', 'red-line']);
    expect(again('2026-02-27', '2026-03-06')).toEqual(['relay']);
    expect(again('2026-12-30', '2026-12-31')).toEqual(['hold', 'calendar-unknown']);
  });
});

describe('disclosure', () => {
  test('is extended to the latest last day, by whichever calendar gives it', () => {
    const one = listing('ctex', disclosed('2026-03-02', '2026-03-16', { days: 10, dayKind: 'working' }));
    const decision = ask(one, ctex, stex);
    expect(decision.verdict).toBe('relay-with-terms');
    expect(decision.terms.disclosure).toMatchObject({
      endsOn: '2026-03-30',
      from: 'host',
      clause: 'stex.disclosure.private',
    });
    expect(decision.changes).toEqual([
      {
        pointer: '/disclosure/endsOn',
        from: '2026-03-16',
        to: '2026-03-30',
        because: 'disclosure-extended',
        clause: 'stex.disclosure.private',
      },
      {
        pointer: '/disclosure/days',
        from: 10,
        to: 20,
        because: 'disclosure-extended',
        clause: 'stex.disclosure.private',
      },
    ]);
    expect(termsApplied(one, decision).disclosure).toEqual({
      startsOn: '2026-03-02',
      endsOn: '2026-03-30',
      days: 20,
      dayKind: 'working',
    });
  });

  test('compares last days, not counts: 15 calendar days may end after 10 working days, or before', () => {
    const overFestival = listing('ctex', disclosed('2026-02-10', '2026-03-02', { days: 10, dayKind: 'working' }));
    expect(codes(overFestival, ctex, szse)).toEqual(['relay']);
    const plain = listing('ctex', disclosed('2026-03-02', '2026-03-16', { days: 10, dayKind: 'working' }));
    const applied = termsApplied(plain, ask(plain, ctex, szse));
    expect(applied.disclosure).toEqual({ startsOn: '2026-03-02', endsOn: '2026-03-17', days: 15, dayKind: 'calendar' });
  });

  test('shorter than its own home asks for is refused', () => {
    const one = listing('stex', disclosed('2026-03-02', '2026-03-16', { days: 10, dayKind: 'working' }));
    const decision = ask(one, stex, ctex);
    expect([decision.verdict, decision.issues.map(({ code, clause }) => [code, clause])]).toEqual([
      'refuse',
      [['disclosure-short', 'stex.disclosure.private']],
    ]);
  });

  test('that runs into a year without calendar, or lies in one, is held', () => {
    const late = disclosed('2026-12-21', '2026-12-31', {});
    expect(
      codes(listing('ctex', late), bookWith('ctex', { disclosure: { days: 2, dayKind: 'working' } }), stex),
    ).toEqual(['hold', 'calendar-unknown']);
    const beyond = disclosed('2027-03-01', '2027-03-31');
    expect(codes(listing('ctex', beyond), ctex, stex)).toEqual(['hold', 'calendar-unknown']);
    expect(codes(listing('ctex', disclosed('2026-12-01', '2027-01-15')), ctex, stex)).toContain('calendar-unknown');
    expect(codes(listing('ctex', disclosed('2023-12-01', '2024-03-15')), ctex, stex)).toContain('calendar-unknown');
  });
});

describe('the deposit', () => {
  const with30 = (deposit: NonNullable<Listing['deposit']>, price = '1285000.00') =>
    listing('stex', { price: { kind: 'fixed', amount: money(price) }, deposit });

  test('above the cap of the host is capped there, at home it stands', () => {
    const one = with30({ amount: money('385500.00'), rate: '0.30' });
    const decision = ask(one, stex, szse);
    expect([decision.verdict, decision.issues[0]?.code]).toEqual(['relay-with-terms', 'deposit-capped']);
    expect(termsApplied(one, decision).deposit).toEqual({ amount: money('257000.00'), rate: '0.20' });
    expect(codes(one, stex, ctex)).toEqual(['relay']);
  });

  test('is compared to the fen, the cap rounded down', () => {
    expect(codes(with30({ amount: money('0.06') }, '0.34'), stex, szse)).toEqual(['relay']);
    expect(codes(with30({ amount: money('0.07') }, '0.34'), stex, szse)[1]).toBe('deposit-capped');
  });

  test('has no cap where there is no price', () => {
    const one = listing('stex', { price: { kind: 'negotiable' }, deposit: { amount: money('99999999.00') } });
    expect(codes(one, stex, ctex)).toEqual(['relay']);
  });
});

describe('the rulebooks', () => {
  test('must both be in force on that day', () => {
    expect(codes(listing('stex'), stex, ctex, '2025-12-31')).toContain('rulebook-not-in-force');
    const ended = read({ ...document('ctex'), to: '2026-02-28' });
    const decision = decide(listing('stex'), [stex], [ended], AT);
    expect([decision.verdict, decision.issues.map(({ code }) => code)]).toEqual(['refuse', ['rulebook-not-in-force']]);
    expect(decision.rulebooks.host).toBeNull();
    expect(decide(listing('stex'), [stex], [], AT).verdict).toBe('refuse');
  });

  test('a new version changes the decision from its first day on', () => {
    const json = copy(document('ctex'));
    for (const clause of json.clauses) if (clause.dimension === 'modes') clause.value = ['auction'] as never;
    const second = read({ ...json, version: 2, from: '2026-07-01' });
    const at = (date: string) => decide(listing('stex'), [stex], [ctex, second], date).verdict;
    expect([at('2026-06-30'), at('2026-07-01')]).toEqual(['relay', 'refuse']);
  });

  test('of another exchange, or a day that is none, are the caller’s mistake', () => {
    expect(() => decide(listing('stex'), ctex, szse, AT)).toThrow(TypeError);
    expect(() => decide(listing('stex'), stex, szse, '2026-02-30')).toThrow(TypeError);
    expect(() => decide(listing('stex'), stex, szse, '2026-03-02T09:00:00Z')).toThrow(TypeError);
  });
});

test('terms name the rule that holds: home, host, regime or the strictest', () => {
  const { terms } = ask(listing('stex'), stex, szse);
  expect(terms.regime).toMatchObject({ value: 'private', from: 'regime' });
  expect(terms.mode).toMatchObject({ value: 'listing', from: 'home', clause: 'stex.modes' });
  expect(terms.retention).toMatchObject({ value: { years: 20 }, from: 'strictest', clause: 'szse.retention' });
  expect(terms.foreignParty).toMatchObject({ value: 'refuse', clause: 'szse.foreign-party' });
  expect(terms.sellerFee?.clause).toBe('stex.fees');
  expect(terms.buyerFee?.clause).toBe('szse.fees');
  expect(terms.hours?.from).toBe('host');
  expect(terms.paymentDays).toMatchObject({ value: { days: 5 }, from: 'home' });
  const soe = ask(listing('stex', { regime: 'soe-asset' }), stex, szse).terms;
  expect(soe.paymentDays).toMatchObject({ value: { days: 3 }, from: 'strictest', clause: 'szse.payment-days' });
});
