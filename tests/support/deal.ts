import fc from 'fast-check';
import type { Deal } from '../../src/contract/message.ts';
import { limits, type MessageOptions } from './expressible.ts';
import { homeAndHost, idAt, listingRef, party, payment, text, version } from './parts.ts';
import * as values from './values.ts';

/** 成交. */
export function deal(options: MessageOptions = {}): fc.Arbitrary<Deal> {
  const can = limits(options);
  const free = options.for === undefined;
  const late = ['certified', 'reversed', ...(free ? ['ip-recorded', 'registered', 'settled'] : [])];
  const early = ['concluded', 'cancelled', ...(free ? ['confirmed', 'funded'] : [])];
  const amounts = fc
    .tuple(values.fen, values.fen, fc.boolean())
    .map(([a, b, equal]) => (a < b ? [b, equal ? b : a] : [a, equal ? a : b]));
  const fee = fc.oneof(
    { weight: 8, arbitrary: values.money },
    { weight: 1, arbitrary: fc.constant(values.moneyOf(0n)) },
  );
  return homeAndHost(options).chain(([home, host]) =>
    fc
      .record({
        id: idAt(home),
        version,
        listing: listingRef(options, home, host),
        status: fc.constantFrom(...late, ...early),
        dealType: fc.constantFrom(...can.dealTypes),
        mode: fc.constantFrom(...can.modes),
        seller: party(options),
        buyer: party(options),
        amounts,
        payment: payment(options),
        sellerFee: fc.option(fee, { nil: undefined }),
        buyerFee: fc.option(fee, { nil: undefined }),
        certificate: values.nativeId,
        cancelReason: fc.option(text(options), { nil: undefined }),
        concludedAt: values.instant(free),
      })
      .map(({ amounts: [price, technology], sellerFee, buyerFee, certificate, cancelReason, status, ...rest }) => {
        const ended = status === 'cancelled' || status === 'reversed';
        return {
          kind: 'deal',
          ...rest,
          home,
          host,
          status,
          price: values.moneyOf(price!),
          technologyAmount: values.moneyOf(technology!),
          fees: [
            ...(sellerFee === undefined ? [] : [{ payer: 'seller', exchange: home, amount: sellerFee }]),
            ...(buyerFee === undefined ? [] : [{ payer: 'buyer', exchange: host, amount: buyerFee }]),
          ],
          ...(late.includes(status) ? { certificate } : {}),
          ...(ended && cancelReason !== undefined ? { cancelReason } : {}),
        } as Deal;
      }),
  );
}
