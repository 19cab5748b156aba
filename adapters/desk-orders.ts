import { type Exchange, exchanges } from '../src/contract/exchange.ts';
import type { Json } from '../src/contract/json.ts';
import type { DeskDeal, DeskFunds, DeskListing, MockExchange, MockFault } from '../src/contract/mock.ts';
import type { Refusal } from '../src/contract/refusal.ts';
import {
  date,
  fen,
  flag,
  given,
  instalments,
  instant,
  oneOf,
  optional,
  party,
  type Shape,
  shape,
  type Told,
  text,
  whole,
} from './desk-shapes.ts';

/** What the people at a mock exchange's desk may order over HTTP, by the last part of the path. Amounts are in yuan. */
export const deskOrders: Readonly<Record<string, (mock: MockExchange, body: Json) => readonly Refusal[]>> = {
  aim: order({ gateway: text(2048) }, ({ desk }, { gateway }) => desk.aim(gateway)),
  publish: (mock, body) => onListing(body, (listing) => mock.desk.publish(listing)),
  change: (mock, body) => onListing(body, (listing) => mock.desk.change(listing)),
  state: order(
    { number: text(64), version: whole, state: oneOf('suspended', 'resumed', 'withdrawn'), reason: text(200) },
    ({ desk }, { number, version, state, reason }) => desk.setState(number, version, state, reason),
  ),
  interest: order(
    { number: text(64), mirror: text(64), buyer: party, offer: optional(fen), at: instant },
    ({ desk }, { offer, ...rest }) => desk.registerInterest({ ...rest, ...given({ offerFen: offer }) }),
  ),
  decide: order({ number: text(64), accept: flag, reason: text(200) }, ({ desk }, { number, accept, reason }) =>
    desk.decideInterest(number, accept, reason),
  ),
  bid: order(
    { number: text(64), mirror: text(64), buyer: party, amount: fen, at: instant },
    ({ desk }, { amount, ...rest }) => desk.bid({ ...rest, amountFen: amount }),
  ),
  conclude: order(
    {
      number: text(64),
      version: whole,
      listingNumber: text(64),
      seller: party,
      buyer: party,
      buyerExchange: optional(oneOf<Exchange>(...exchanges)),
      dealType: text(32),
      mode: text(32),
      price: fen,
      technology: fen,
      sellerFee: fen,
      buyerFee: fen,
      plan: text(32),
      instalments: optional(instalments),
      signedAt: instant,
    },
    ({ desk }, { price, technology, sellerFee, buyerFee, ...rest }) =>
      desk.conclude(
        given({
          ...rest,
          priceFen: price,
          technologyFen: technology,
          sellerFeeFen: sellerFee,
          buyerFeeFen: buyerFee,
        }) as unknown as DeskDeal,
      ),
  ),
  certify: order({ number: text(64), version: whole, certificate: text(64) }, ({ desk }, it) =>
    desk.certify(it.number, it.version, it.certificate),
  ),
  cancel: order({ number: text(64), version: whole, reason: text(200) }, ({ desk }, it) =>
    desk.cancel(it.number, it.version, it.reason),
  ),
  confirm: order({ number: text(64) }, ({ desk }, { number }) => desk.confirm(number)),
  pay: order(
    {
      number: text(64),
      deal: optional(text(64)),
      interest: optional(text(64)),
      leg: oneOf('deposit-held', 'deposit-returned', 'price-paid', 'fee-paid', 'refund'),
      payer: text(200),
      payee: text(200),
      amount: fen,
      valueDate: date,
      bankRef: text(64),
    },
    ({ desk }, { amount, ...rest }) => desk.pay(given({ ...rest, amountFen: amount }) as DeskFunds),
  ),
  fail: order(
    {
      operation: text(64),
      fault: oneOf<MockFault>('busy', 'system-error', 'lost-answer', 'refuse', 'bad-signature', 'misposted'),
      count: whole,
    },
    (mock, { operation, fault, count }) => mock.fail(operation, fault, count),
  ),
};

const listingShape = {
  number: text(64),
  version: whole,
  title: text(200),
  summary: optional(text(2000)),
  direction: optional(oneOf('supply', 'demand')),
  dealType: text(32),
  licenseScope: optional(oneOf('exclusive', 'sole', 'ordinary')),
  mode: text(32),
  objectType: text(32),
  ipNumber: optional(text(64)),
  ipTitle: optional(text(200)),
  field: text(2),
  industry: optional(text(8)),
  maturity: optional(whole),
  seller: party,
  priceKind: oneOf('fixed', 'reserve', 'negotiable'),
  price: optional(fen),
  deposit: optional(fen),
  publishedAt: instant,
  startsOn: date,
  endsOn: date,
  notice: optional(shape({ startsOn: date, endsOn: date, objections: flag })),
  plan: oneOf('lump-sum', 'instalments', 'royalty', 'upfront-and-royalty'),
  instalments: optional(instalments),
  exportControl: optional(oneOf('none', 'restricted', 'prohibited')),
};

/** Codes of the trade (deal type, mode …) are not checked here: a mock must be able to say what a gateway refuses. */
function onListing(body: Json, act: (listing: DeskListing) => void): readonly Refusal[] {
  return order(listingShape, (_, { price, deposit, ...rest }) =>
    act(given({ ...rest, priceFen: price, depositFen: deposit }) as unknown as DeskListing),
  )(undefined as never, body);
}

function order<S extends Shape>(fields: S, act: (mock: MockExchange, told: Told<S>) => void) {
  const read = shape(fields);
  return (mock: MockExchange, body: Json): readonly Refusal[] => {
    const found: Refusal[] = [];
    const told = read(body, '', found);
    if (found.length === 0) act(mock, told);
    return found;
  };
}
