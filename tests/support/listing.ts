import fc from 'fast-check';
import type { Listing, ListingIp, Party } from '../../src/contract/message.ts';
import { limits, type MessageOptions } from './expressible.ts';
import { made, name, oneExchange, party, payment, text, version } from './parts.ts';
import * as values from './values.ts';

/** The number of an IP right in its canonical form, or none. */
function ipNumber(type: ListingIp['type']): fc.Arbitrary<string> | undefined {
  const kinds: Partial<Record<ListingIp['type'], readonly string[]>> = {
    invention: ['1', '8'],
    'utility-model': ['2', '9'],
    design: ['3'],
  };
  const patent = kinds[type];
  if (patent !== undefined) return values.applicationNumber(patent).map((number) => `ZL${number}`);
  if (type === 'patent-application') return values.applicationNumber(['1', '2', '3', '8', '9']);
  if (type === 'know-how') return undefined;
  if (type === 'software') return values.serial(7).map((digits) => `2023SR${digits}`);
  return fc.constantFrom('BS.205001234', 'CNA20200001.1', 'S2026-0001', '〔2026〕1号');
}

/** One IP right of that type. */
export function ip(type: ListingIp['type'], options: MessageOptions = {}): fc.Arbitrary<ListingIp> {
  const { maxHolders, encumbrance, separators } = limits(options);
  const number = ipNumber(type);
  const term = fc.tuple(values.dateFrom('2000-01-01', 9_000), fc.constantFrom(0, 3652, 5478, 7305));
  const encumbered: fc.Arbitrary<NonNullable<ListingIp['encumbrances']>> = fc.constantFrom([], [encumbrance]);
  const rest = made<Omit<ListingIp, 'type'>>(
    {
      title: name,
      holders: fc.array(values.words(200, separators), { minLength: 1, maxLength: maxHolders }),
      encumbrances: encumbered,
      ...(number === undefined ? {} : { number }),
    },
    ['encumbrances', 'number'],
  );
  return fc.tuple(rest, term, fc.subarray(['filedOn', 'expiresOn'] as const)).map(([right, [filed, days], dates]) => {
    const both = { filedOn: filed, expiresOn: values.dayAfter(filed, days) };
    const kept = Object.fromEntries(dates.map((key) => [key, both[key]]));
    return { type, ...right, ...kept } as ListingIp;
  });
}

function object(options: MessageOptions): fc.Arbitrary<Listing['object']> {
  const { objectTypes, withoutIp } = limits(options);
  const typed = fc.constantFrom(...objectTypes).chain((first) =>
    fc
      .tuple(
        ip(first, options),
        fc.array(
          fc.constantFrom(...objectTypes).chain((type) => ip(type, options)),
          { maxLength: 2 },
        ),
      )
      .map(([one, others]) => ({ type: first, ip: [one, ...others] })),
  );
  const bare =
    withoutIp === undefined ? [] : [{ weight: 1, arbitrary: fc.constant({ type: withoutIp, ip: [] as ListingIp[] }) }];
  const described = made<Omit<Listing['object'], 'type' | 'ip'>>(
    {
      field: fc.integer({ min: 1, max: 11 }).map((n) => String(n).padStart(2, '0')),
      industry: fc.constantFrom('C3841', 'I6513', 'M73', 'A011', 'T'),
      ipc: fc.array(fc.constantFrom('H01M 10/0562', 'F16H 49/00', 'G06F16/9535', 'A61K 31/00', 'H04L 9/32'), {
        minLength: options.for === undefined ? 0 : 1,
        maxLength: 3,
      }),
      maturity: fc.integer({ min: 1, max: 9 }),
    },
    ['industry', 'ipc', 'maturity'],
  );
  return fc
    .tuple(fc.oneof({ weight: 8, arbitrary: typed }, ...bare), described)
    .map(([rights, about]) => ({ ...rights, ...about }));
}

function disclosure(options: MessageOptions): fc.Arbitrary<Listing['disclosure']> {
  const days = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom(0, 1, 3_660));
  const notice = fc
    .tuple(values.date, fc.integer({ min: 0, max: 30 }), fc.boolean())
    .map(([startsOn, length, objections]) => ({
      kind: 'public-rnd-notice' as const,
      startsOn,
      endsOn: values.dayAfter(startsOn, length),
      objections,
    }));
  const counted = fc.tuple(values.date, days).map(([startsOn, n]) => ({
    startsOn,
    endsOn: values.dayAfter(startsOn, n),
    days: n,
    dayKind: 'calendar' as const,
  }));
  const optional = { notice: fc.option(notice, { nil: undefined }), plain: fc.boolean() };
  return fc.tuple(counted, fc.record(optional)).map(([dates, { notice: shown, plain }]) => {
    const { days: _days, dayKind: _dayKind, ...bare } = dates;
    const base = plain && options.for === undefined ? bare : dates;
    return shown === undefined ? base : { ...base, notice: shown };
  });
}

function price(): fc.Arbitrary<Listing['price']> {
  return fc.oneof(
    fc.record({ kind: fc.constantFrom('fixed' as const, 'reserve' as const), amount: values.money }),
    fc.constant({ kind: 'negotiable' as const }),
  );
}

function regimes(nature: Party['nature'], dealType: Listing['dealType']): Listing['regime'] {
  if (nature === 'state-owned') return dealType === 'equity-contribution' ? 'soe-equity' : 'soe-asset';
  return nature === 'public-rnd' ? 'public-rnd' : 'private';
}

/** 挂牌项目. */
export function listing(options: MessageOptions = {}): fc.Arbitrary<Listing> {
  const can = limits(options);
  const free = options.for === undefined;
  const document = fc.record({
    type: fc.constantFrom('title-proof', 'valuation', 'decision', 'commitment', 'draft-contract', 'notice-proof'),
    title: name,
    sha256: values.sha256,
  });
  const share = fc.constantFrom('0.20', '0.05', '1.00');
  const base = made<Pick<Listing, 'seller'>>(
    {
      version,
      direction: fc.constantFrom('supply', 'demand'),
      status: free ? fc.constantFrom('published', 'suspended', 'withdrawn', 'closed') : fc.constant('published'),
      title: name,
      summary: text(options),
      object: object(options),
      seller: party(options),
      mode: fc.constantFrom(...can.modes),
      price: price(),
      deposit: free
        ? fc.record({ amount: values.money, rate: share }, { requiredKeys: ['amount'] })
        : fc.record({ amount: values.money }),
      disclosure: disclosure(options),
      payment: payment(options),
      ...(can.eligibility
        ? {
            eligibility: fc
              .record({ foreign: fc.boolean(), naturalPerson: fc.boolean() }, { requiredKeys: [] })
              .filter((limit) => free || Object.keys(limit).length > 0),
          }
        : {}),
      documents: fc.array(document, { minLength: free ? 0 : 1, maxLength: 3 }),
      export: fc.constantFrom('none', 'restricted', 'prohibited'),
      publishedAt: values.instant(free),
    },
    ['summary', 'deposit', 'eligibility', 'documents'],
  );
  const legal = fc.record({
    dealType: fc.constantFrom(...can.dealTypes),
    scope: fc.constantFrom('exclusive', 'sole', 'ordinary'),
    regime: fc.constantFrom('soe-asset', 'soe-equity', 'soe-capital', 'public-rnd', 'private'),
  });
  const owner = fc.tuple(oneExchange(options.home), values.nativeId);
  return fc.tuple(base, legal, owner).map(([rest, { dealType, scope, regime }, [home, nativeId]]) => {
    const made = {
      kind: 'listing',
      id: `${home}:${nativeId}`,
      home,
      nativeId,
      ...rest,
      dealType,
      ...(dealType === 'license' ? { license: { scope } } : {}),
      regime: free ? regime : regimes(rest.seller.nature, dealType),
    };
    return made as unknown as Listing;
  });
}
