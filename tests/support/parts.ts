import fc from 'fast-check';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { ListingRef, Party, Payment } from '../../src/contract/message.ts';
import { limits, type MessageOptions } from './expressible.ts';
import * as values from './values.ts';

/** Parts that messages of several kinds share. */

/** A record whose `optional` keys are sometimes left out. The caller vouches for `T`; parseMessage checks it in generators.test.ts. */
export function made<T>(
  model: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  optional: readonly string[] = [],
): fc.Arbitrary<T> {
  const requiredKeys = Object.keys(model).filter((key) => !optional.includes(key));
  return fc.record(model, { requiredKeys }) as fc.Arbitrary<unknown> as fc.Arbitrary<T>;
}

export function oneExchange(fixed: Exchange | undefined): fc.Arbitrary<Exchange> {
  return fixed === undefined ? fc.constantFrom(...exchanges) : fc.constant(fixed);
}

export function idAt(exchange: Exchange): fc.Arbitrary<string> {
  return values.nativeId.map((number) => `${exchange}:${number}`);
}

export const version = fc.oneof(fc.constantFrom(1, 2, 3, 1_000_000), fc.integer({ min: 1, max: 1_000_000 }));
export const name = values.words(200);

export function text(options: MessageOptions): fc.Arbitrary<string> {
  const filled = values.words(limits(options).textLength);
  return options.for === undefined ? fc.oneof(filled, fc.constantFrom('', '第一行\n第二行\t完')) : filled;
}

/** A seller or buyer. */
export function party(options: MessageOptions = {}): fc.Arbitrary<Party> {
  return fc.constantFrom(...limits(options).natures).chain((nature): fc.Arbitrary<Party> => {
    const natural = nature === 'natural-person';
    const kinds: Party['kind'][] = natural
      ? ['natural']
      : options.for === undefined
        ? ['legal', 'unincorporated']
        : ['legal'];
    const outside = nature === 'foreign' || nature === 'hk-mo-tw';
    return made(
      {
        name,
        kind: fc.constantFrom(...kinds),
        nature: fc.constant(nature),
        ...(natural ? {} : { uscc: values.uscc }),
        region: fc.constantFrom('110108', '310110', '440305', '659999'),
        country: outside ? fc.constantFrom('110', '121', '502', '304') : fc.constant('142'),
      },
      ['uscc', 'region'],
    );
  });
}

/** A payment plan whose shares add up to one. */
export function payment(options: MessageOptions = {}): fc.Arbitrary<Payment> {
  const { plans, shareDecimals } = limits(options);
  return fc.constantFrom(...plans).chain((plan): fc.Arbitrary<Payment> => {
    if (plan !== 'instalments') return fc.constant({ plan });
    const whole = 10 ** shareDecimals;
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: whole - 1 }), { maxLength: 5 });
    const days = fc.array(fc.integer({ min: 0, max: 36_500 }), { minLength: 6, maxLength: 6 });
    return fc.tuple(cuts, days).map(([at, dueDays]) => {
      const ends = [...at.sort((a, b) => a - b), whole];
      const shares = ends.map((end, i) => end - (ends[i - 1] ?? 0));
      const instalments = shares.map((share, i) => ({
        share: share === whole ? '1.00' : `0.${String(share).padStart(shareDecimals, '0')}`,
        dueDays: dueDays[i]!,
      }));
      return { plan, instalments: instalments as unknown as NonNullable<Payment['instalments']> };
    });
  });
}

/** A listing named as the host knows it (`mirror`) or as its home does (`id`). */
export function listingRef(options: MessageOptions, home: Exchange, host: Exchange): fc.Arbitrary<ListingRef> {
  const own = idAt(home).map((id) => ({ id }));
  const mirrored = idAt(host).map((mirror) => ({ mirror }));
  if (options.for !== undefined) return options.for === host && home !== host ? mirrored : own;
  const versioned = fc.tuple(idAt(home), version).map(([id, v]) => ({ id, version: v }));
  return fc.oneof(own, mirrored, versioned);
}

/** Home and host where `for` is one of the two (the other any other exchange), or as the options say. */
export function homeAndHost(options: MessageOptions): fc.Arbitrary<readonly [Exchange, Exchange]> {
  const pairs = exchanges.flatMap((home) => exchanges.map((host) => [home, host] as const));
  const fit = pairs.filter(
    ([home, host]) =>
      (options.home === undefined || options.home === home) &&
      (options.host === undefined || options.host === host) &&
      (options.for === undefined || options.for === home || options.for === host),
  );
  return fc.constantFrom(...fit);
}

/** As homeAndHost, of two different exchanges: an interest or bid crosses from one to the other. */
export function acrossExchanges(options: MessageOptions): fc.Arbitrary<readonly [Exchange, Exchange]> {
  return homeAndHost(options).filter(([home, host]) => home !== host);
}

/** What the exchange a message is for calls a deal or an interest; without `for`, what its owner calls it. */
export function ownNumber(options: MessageOptions, owner: Exchange): fc.Arbitrary<string> {
  return idAt(options.for ?? owner);
}
