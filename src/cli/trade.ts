import { dateAt, instantAt } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { BookEntry, DeskDeal, DeskListing } from '../contract/mock.ts';
import type { Federation } from './federation.ts';
import { buyers, sampleDeal } from './sample-trade.ts';

/** What an exchange holds that came from another under that number; undefined: nothing (yet). */
export function foreign(
  federation: Federation,
  at: Exchange,
  kind: BookEntry['kind'],
  number: string,
): BookEntry | undefined {
  for (const entry of federation.mocks[at].book.received.values()) {
    if (entry.kind === kind && entry.foreignNumber === number) return entry;
  }
  return undefined;
}

/** The same, where it must be there. */
export function held(federation: Federation, at: Exchange, kind: BookEntry['kind'], number: string): BookEntry {
  const entry = foreign(federation, at, kind, number);
  if (entry === undefined) throw new Error(`${at} has no ${kind} ${number} of another exchange`);
  return entry;
}

export interface TradeOptions {
  /** A one-off price before the award, in bidding, tender and auction. */
  readonly bidFen?: bigint;
  /** Whether the deposit is held and returned, and fees are paid, as legs of their own. */
  readonly allFunds?: boolean;
  /** Called between the steps, with what has just been done. */
  step?(name: string): void | Promise<void>;
}

/**
 * A whole trade over a listing shown at the host: interest, decision, bid where the mode takes one, deal, the host's
 * co-signature, money, certificate. Each step waits until the one before has reached everyone.
 */
export async function runTrade(
  federation: Federation,
  home: Exchange,
  host: Exchange,
  listing: DeskListing,
  options: TradeOptions = {},
): Promise<DeskDeal> {
  const { mocks, clock } = federation;
  const now = () => instantAt(Math.floor(clock.nowMs() / 1000) * 1000);
  const done = async (name: string) => {
    await federation.settle();
    await options.step?.(name);
  };
  const mirror = held(federation, host, 'listing', listing.number).number;
  const interest = `I-${listing.number}`;
  const buyer = buyers[host];
  mocks[host].desk.registerInterest({ number: interest, mirror, buyer, at: now() });
  await done('interest');
  const known = held(federation, home, 'interest', interest).number;
  mocks[home].desk.decideInterest(known, true, '');
  await done('interest-decision');
  const funds = { payer: buyer.name, valueDate: dateAt(clock.nowMs()) };
  if (options.allFunds && listing.depositFen !== undefined) {
    mocks[host].desk.pay({
      ...funds,
      number: `F1-${listing.number}`,
      interest,
      leg: 'deposit-held',
      payee: '交易结算专户',
      amountFen: listing.depositFen,
      bankRef: `B1${listing.number}`,
    });
    await done('deposit-held');
  }
  if (options.bidFen !== undefined) {
    mocks[host].desk.bid({ number: `B-${listing.number}`, mirror, buyer, amountFen: options.bidFen, at: now() });
    await done('bid');
  }
  const deal = sampleDeal(
    listing,
    home,
    host,
    clock.nowMs(),
    options.bidFen === undefined ? {} : { priceFen: options.bidFen },
  );
  mocks[home].desk.conclude(deal);
  await done('deal');
  const own = held(federation, host, 'deal', deal.number).number;
  mocks[host].desk.confirm(own);
  await done('deal-confirmed');
  if (options.allFunds && listing.depositFen !== undefined) {
    mocks[home].desk.pay({
      number: `F2-${listing.number}`,
      deal: deal.number,
      leg: 'deposit-returned',
      payer: '交易结算专户',
      payee: buyer.name,
      amountFen: listing.depositFen,
      valueDate: dateAt(clock.nowMs()),
      bankRef: `B2${listing.number}`,
    });
    await done('deposit-returned');
    mocks[host].desk.pay({
      ...funds,
      number: `F3-${listing.number}`,
      deal: own,
      leg: 'fee-paid',
      payee: host,
      amountFen: deal.buyerFeeFen,
      bankRef: `B3${listing.number}`,
    });
    await done('fee-paid');
  }
  mocks[host].desk.pay({
    ...funds,
    number: `F4-${listing.number}`,
    deal: own,
    leg: 'price-paid',
    payee: deal.seller.name,
    amountFen: deal.priceFen,
    bankRef: `B4${listing.number}`,
  });
  await done('price-paid');
  mocks[home].desk.certify(deal.number, 2, `C-${listing.number}`);
  await done('certified');
  return deal;
}
