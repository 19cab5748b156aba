import fc from 'fast-check';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { Rulebook as RulebookDocument } from '../../src/contract/generated/messages.ts';
import type { Listing } from '../../src/contract/message.ts';
import { compileClauses } from '../../src/rules/clause.ts';
import type { Rulebook } from '../../src/rules/rulebook.ts';
import { books, copy, listing } from './fixtures.ts';
import { type OracleBook, prose } from './oracle.ts';

/** Runs are repeatable: the seed is printed with every failure, and can be handed in. */
export const runs = {
  numRuns: Number(process.env.QIAO_RUNS ?? 400),
  ...(process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) }),
};

const day = (from: string, to: string): fc.Arbitrary<string> =>
  fc
    .integer({ min: Date.parse(from) / 86_400_000, max: Date.parse(to) / 86_400_000 })
    .map((number) => new Date(number * 86_400_000).toISOString().slice(0, 10));

const later = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);

const subset = (all: readonly string[]) => fc.subarray([...all], { minLength: 1 });

/** A rulebook that differs from the shipped one in any way that a decision depends on. */
export const anyBook = (exchange: Exchange): fc.Arbitrary<OracleBook> =>
  fc.oneof(
    fc.constant(prose[exchange]),
    fc.record({
      privateDisclosure: fc.record({
        days: fc.integer({ min: 1, max: 45 }),
        dayKind: fc.constantFrom('working' as const, 'calendar' as const),
      }),
      calendar: fc.constantFrom('statutory' as const, 'securities' as const),
      startDay: fc.constantFrom('excluded' as const, 'included' as const),
      regimes: fc.constant(prose[exchange].regimes),
      modes: subset(prose.ctex.modes),
      objectTypes: subset(prose.ctex.objectTypes),
      dealTypes: subset(prose.ctex.dealTypes),
      priceKinds: subset(prose.ctex.priceKinds),
      depositCapPercent: fc.integer({ min: 1, max: 99 }),
      instalments: fc.boolean(),
      soeLicence: fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const),
      foreign: fc.constantFrom('admit' as const, 'hold' as const, 'refuse' as const),
      hkMoTw: fc.constantFrom('admit' as const, 'hold' as const, 'refuse' as const),
    }),
  );

/** The document that says what the oracle's book says. */
export function documentOf(exchange: Exchange, book: OracleBook): RulebookDocument {
  const json = copy(books[exchange].document);
  const values: Record<string, unknown> = {
    calendar: book.calendar,
    'start-day': book.startDay,
    regimes: book.regimes,
    modes: book.modes,
    'object-types': book.objectTypes,
    'deal-types': book.dealTypes,
    'price-kinds': book.priceKinds,
    'deposit-cap': { rate: (book.depositCapPercent / 100).toFixed(2) },
    instalments: book.instalments ? { admitted: true, firstShareMin: '0.30', restMonthsMax: 12 } : { admitted: false },
    'soe-licence': book.soeLicence,
    'foreign-party': book.foreign,
    'hk-mo-tw-party': book.hkMoTw,
  };
  for (const clause of json.clauses) {
    if (clause.dimension in values) clause.value = values[clause.dimension] as never;
    if (clause.id === `${exchange}.disclosure.private`) clause.value = book.privateDisclosure as never;
  }
  return json;
}

/** The same made ready, without the checks of readRulebook: thousands are drawn. */
export function rulebookOf(exchange: Exchange, book: OracleBook): Rulebook {
  const written = documentOf(exchange, book);
  return { ...books[exchange], document: written, rules: compileClauses(written.clauses) };
}

const money = (amount: string) => ({ amount, currency: 'CNY' as const });

const price: fc.Arbitrary<Listing['price']> = fc.oneof(
  fc.constant({ kind: 'negotiable' as const }),
  fc.record({
    kind: fc.constantFrom('fixed' as const, 'reserve' as const),
    amount: fc
      .oneof(
        fc.constantFrom('1000000.00', '1000000.01', '9999999.99', '10000000.00', '10000000.01', '0.01', '0.00'),
        fc.integer({ min: 0, max: 2_000_000_000 }).map((fen) => (fen / 100).toFixed(2)),
      )
      .map(money),
  }),
);

const payment: fc.Arbitrary<Listing['payment']> = fc.oneof(
  fc.constant({ plan: 'lump-sum' as const }),
  fc.constant({ plan: 'royalty' as const }),
  fc
    .tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 0, max: 30 }), fc.constantFrom(30, 180, 365, 366, 400))
    .map(([first, days, rest]) => ({
      plan: 'instalments' as const,
      instalments: [
        { share: (first / 100).toFixed(2), dueDays: days },
        { share: ((100 - first) / 100).toFixed(2), dueDays: rest },
      ] as NonNullable<Listing['payment']['instalments']>,
    })),
);

export interface Case {
  readonly home: Exchange;
  readonly host: Exchange;
  readonly homeBook: OracleBook;
  readonly hostBook: OracleBook;
  readonly listing: Listing;
  readonly date: string;
  readonly lastConcludedOn: string | undefined;
}

/** A listing of 2026 with every term drawn at will, the two books, and the day of the decision. */
export const anyCase: fc.Arbitrary<Case> = fc
  .constantFrom(
    ['ctex', 'stex'] as const,
    ['ctex', 'szse'] as const,
    ['stex', 'ctex'] as const,
    ['stex', 'szse'] as const,
    ['szse', 'ctex'] as const,
    ['szse', 'stex'] as const,
  )
  .chain(([home, host]) =>
    fc
      .record({
        homeBook: anyBook(home),
        hostBook: anyBook(host),
        startsOn: day('2026-01-01', '2026-12-28'),
        length: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 25, max: 45 })),
        date: day('2026-01-01', '2026-12-31'),
        regime: fc.constantFrom(
          'private' as const,
          'private' as const,
          'soe-asset' as const,
          'soe-equity' as const,
          'soe-capital' as const,
          'public-rnd' as const,
        ),
        mode: fc.constantFrom('agreement' as const, 'listing' as const, 'auction' as const, 'tender' as const),
        dealType: fc.constantFrom('transfer' as const, 'service' as const, 'development' as const),
        objectType: fc.constantFrom('know-how' as const, 'software' as const, 'other' as const, 'design' as const),
        price,
        depositFen: fc.option(fc.integer({ min: 0, max: 500_000_000 }), { nil: undefined }),
        payment,
        nature: fc.constantFrom('private' as const, 'private' as const, 'foreign' as const, 'hk-mo-tw' as const),
        country: fc.constantFrom('142', '142', '142', '502', '110', '121', '143'),
        export: fc.constantFrom(
          'none' as const,
          'none' as const,
          'none' as const,
          'restricted' as const,
          'prohibited' as const,
        ),
        holders: fc.constantFrom(1, 1, 1, 200, 201),
        notice: fc.option(
          fc.record({
            startsOn: fc.option(day('2026-01-01', '2026-12-28'), { nil: undefined }),
            length: fc.integer({ min: 0, max: 30 }),
            objections: fc.boolean(),
          }),
          { nil: undefined },
        ),
        lastSold: fc.option(fc.integer({ min: 0, max: 14 }), { nil: undefined }),
      })
      .map((drawn) => ({
        home,
        host,
        homeBook: drawn.homeBook,
        hostBook: drawn.hostBook,
        date: drawn.date,
        lastConcludedOn:
          drawn.lastSold === undefined || drawn.date < '2026-01-20' ? undefined : later(drawn.date, -drawn.lastSold),
        listing: listing(home, {
          regime: drawn.regime,
          mode: drawn.mode,
          dealType: drawn.dealType,
          object: {
            type: drawn.objectType,
            field: '06',
            ip: [
              {
                type: drawn.objectType,
                title: '示例',
                holders: Array.from({ length: drawn.holders }, (_, i) => `示例${i}`) as [string, ...string[]],
              },
            ],
          },
          seller: { name: '示例卖方有限公司', kind: 'legal', nature: drawn.nature, country: drawn.country },
          price: drawn.price,
          ...(drawn.depositFen === undefined
            ? {}
            : { deposit: { amount: money((drawn.depositFen / 100).toFixed(2)) } }),
          disclosure: {
            startsOn: drawn.startsOn,
            endsOn: later(drawn.startsOn, drawn.length),
            ...(drawn.notice === undefined
              ? {}
              : {
                  notice: {
                    kind: 'public-rnd-notice' as const,
                    endsOn: later(drawn.notice.startsOn ?? drawn.startsOn, drawn.notice.length),
                    objections: drawn.notice.objections,
                    ...(drawn.notice.startsOn === undefined ? {} : { startsOn: drawn.notice.startsOn }),
                  },
                }),
          },
          payment: drawn.payment,
          export: drawn.export,
        }),
      })),
  );
