import fc from 'fast-check';
import { exchanges } from '../../src/contract/exchange.ts';
import type { Kind, Message } from '../../src/contract/message.ts';
import { deal } from './deal.ts';
import { limits, type MessageOptions } from './expressible.ts';
import { listing } from './listing.ts';
import {
  acrossExchanges,
  idAt,
  listingRef,
  made,
  name,
  oneExchange,
  ownNumber,
  party,
  text,
  version,
} from './parts.ts';
import * as values from './values.ts';

export { deal } from './deal.ts';
export type { MessageOptions } from './expressible.ts';
export { listing } from './listing.ts';

/**
 * Valid unified messages of every kind, for fast-check.
 *
 * Without `for`: all that the contract allows. With `for`: only what that exchange's messages can say without loss;
 * references stand as the gateway hands them to that exchange's encode (adapter.ts): `{ mirror: '<for>:…' }` where it
 * is the host, `{ id: '<for>:…' }` where it is the home, its own numbers for deals and interests. `extensions` is never
 * set, nor are the fields the profiles carry in the frame (listing-state.at, interest-decision.decidedAt).
 */
export type Of<K extends Kind> = Extract<Message, { kind: K }>;

/** A message of that kind. */
export function messageOf<K extends Kind>(kind: K, options: MessageOptions = {}): fc.Arbitrary<Of<K>> {
  return makers[kind](options) as fc.Arbitrary<unknown> as fc.Arbitrary<Of<K>>;
}

function interestOrBid(kind: 'interest' | 'bid', options: MessageOptions): fc.Arbitrary<Message> {
  const at = values.instant(options.for === undefined);
  return acrossExchanges(options).chain(([home, host]) =>
    made(
      {
        kind: fc.constant(kind),
        id: idAt(host),
        listing: listingRef(options, home, host),
        host: fc.constant(host),
        buyer: party(options),
        ...(kind === 'interest' ? { offer: values.money, registeredAt: at } : { amount: values.money, placedAt: at }),
      },
      ['offer'],
    ),
  );
}

function listingState(options: MessageOptions): fc.Arbitrary<Of<'listing-state'>> {
  const can = limits(options);
  const free = options.for === undefined;
  return oneExchange(options.home).chain((home) => {
    // To its own home: by id and version, as the home itself would say it. To a host: by the host's mirror number.
    const foreign = options.for !== undefined && home !== options.for;
    const ref = foreign
      ? idAt(options.for).map((mirror) => ({ mirror }))
      : fc.tuple(idAt(home), version).map(([id, v]) => ({ id, version: v }));
    return made(
      {
        kind: fc.constant('listing-state'),
        listing: free ? listingRef(options, home, home) : ref,
        status: fc.constantFrom(...can.stateWords),
        reason: text(options),
        ...(free ? { at: values.instant(true) } : {}),
      },
      ['reason', 'at'],
    );
  });
}

function listingMirrored(options: MessageOptions): fc.Arbitrary<Of<'listing-mirrored'>> {
  return acrossExchanges(options).chain(([home, host]) =>
    made({
      kind: fc.constant('listing-mirrored'),
      listing: listingRef({}, home, host),
      host: fc.constant(host),
      mirror: idAt(host),
      mirroredAt: values.instant(true),
      terms: fc.constantFrom({}, { disclosure: { endsOn: '2026-03-30', rule: 'ctex:disclosure' } }),
    }),
  );
}

function interestDecision(options: MessageOptions): fc.Arbitrary<Of<'interest-decision'>> {
  return oneExchange(options.home).chain((home) =>
    made(
      {
        kind: fc.constant('interest-decision'),
        interest: ownNumber(options, home),
        home: fc.constant(home),
        result: fc.constantFrom('accepted', 'declined'),
        reason: text(options),
        ...(options.for === undefined ? { decidedAt: values.instant(true) } : {}),
      },
      ['reason', 'decidedAt'],
    ),
  );
}

/** From the host: its own number as `deal`, the home's as `homeNumber`. To the home: its number as `deal`, the host's as `number`. */
function dealConfirmed(options: MessageOptions): fc.Arbitrary<Of<'deal-confirmed'>> {
  const free = options.for === undefined;
  return oneExchange(options.host).chain((host) =>
    made(
      {
        kind: fc.constant('deal-confirmed'),
        deal: ownNumber(options, host),
        version,
        host: fc.constant(host),
        confirmedAt: values.instant(free),
        ...(free || options.for === host ? { homeNumber: values.nativeId } : {}),
        ...(free || options.for !== host ? { number: values.nativeId } : {}),
        ...(free ? { dealSha256: values.sha256 } : {}),
      },
      free ? ['confirmedAt', 'homeNumber', 'number', 'dealSha256'] : ['confirmedAt'],
    ),
  );
}

function funds(options: MessageOptions): fc.Arbitrary<Of<'funds'>> {
  const ordered = fc.tuple(fc.constantFrom('deal', 'interest'), oneExchange(options.home));
  return ordered.chain(([about, origin]) =>
    fc
      .record({
        kind: fc.constant('funds' as const),
        id: idAt(origin),
        number: ownNumber(options, origin),
        leg: fc.constantFrom('deposit-held', 'deposit-returned', 'price-paid', 'fee-paid', 'refund'),
        payer: name,
        payee: name,
        amount: values.money,
        valueDate: values.date,
        bankRef: values.nativeId,
      })
      .map(({ number, ...rest }) => ({ ...rest, [about]: number }) as Of<'funds'>),
  );
}

function statement(options: MessageOptions): fc.Arbitrary<Of<'statement'>> {
  const row = made(
    {
      dealNumber: values.nativeId,
      homeDealNumber: values.nativeId,
      role: fc.constantFrom('home', 'host'),
      counterExchange: fc.constantFrom(...exchanges),
      state: fc.constantFrom('signed', 'certified', 'cancelled'),
      buyerCode: values.uscc,
      sellerCode: values.uscc,
      price: values.money,
      fee: values.money,
      businessDate: values.date,
      funds: fc.constantFrom('none', 'part', 'full'),
    },
    ['homeDealNumber'],
  );
  return made({
    kind: fc.constant('statement'),
    exchange: oneExchange(options.for ?? options.home),
    date: values.date,
    batch: fc.integer({ min: 1, max: 9999 }),
    openingCount: fc.nat(1_000_000_000),
    count: fc.nat(1_000_000_000),
    totalPrice: values.money,
    totalFee: values.money,
    digest: values.sha256,
    rows: fc.array(row, { maxLength: 4 }),
  });
}

const makers: Readonly<Record<Kind, (options: MessageOptions) => fc.Arbitrary<Message>>> = {
  listing,
  'listing-state': listingState,
  'listing-mirrored': listingMirrored,
  interest: (options) => interestOrBid('interest', options),
  'interest-decision': interestDecision,
  bid: (options) => interestOrBid('bid', options),
  deal,
  'deal-confirmed': dealConfirmed,
  funds,
  statement,
};
