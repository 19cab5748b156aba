import { buyers, sampleDeal, sampleListing } from '../../src/cli/sample-trade.ts';
import { dateAt, instantAt } from '../../src/contract/dates.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { BookEntry, DeskDeal, DeskListing, MockExchange } from '../../src/contract/mock.ts';
import type { Random } from './random.ts';

/** Something the exchange's people told the gateway, and where another exchange's books must show it in the end. */
export interface Order {
  readonly kind: BookEntry['kind'] | 'listing-state' | 'certificate';
  readonly from: Exchange;
  /** The sender's own number; for decisions and confirmations the number of what they are about, at the recipient. */
  readonly number: string;
  readonly to: readonly Exchange[];
  /** What stands in the bytes of this message, and what stands only in those of others about the same thing. */
  readonly marks: readonly string[];
  readonly notMarks?: readonly string[];
  readonly amountFen?: string;
  /** Where a state is told: whether the thing is open to trade in it. */
  readonly open?: boolean;
}

export interface ClerkParts {
  readonly exchange: Exchange;
  readonly mock: MockExchange;
  readonly random: Random;
  /** Listings it has numbered before. */
  readonly listedBefore?: number;
  nowMs(): number;
}

/**
 * The people at one exchange: they list, and act on what is in their own books alone, as people at three exchanges
 * that know nothing of each other would: see a mirror and register a buyer, see a buyer and conclude, see a deal and
 * sign and pay, see signature and money and certify.
 */
export interface Clerk {
  publish(): void;
  /** Looks through the books for what is to be done next. */
  look(): void;
  /** No new business; what was begun goes on. */
  rest(): void;
  readonly orders: readonly Order[];
  /** Trades begun and not certified yet. */
  open(): number;
}

/** Listings with an even serial change their state a few times, the odd ones are traded: a deal needs an open listing. */
const isTraded = (listingNumber: string) => Number(listingNumber.slice(-1)) % 2 === 1;

export function openClerk({ exchange, mock, random, nowMs, listedBefore = 0 }: ClerkParts): Clerk {
  const { desk, book } = mock;
  const others = exchanges.filter((other) => other !== exchange);
  const first = (exchanges.indexOf(exchange) + 1) * 1_000_000;
  const listings = new Map<string, { readonly listing: DeskListing; deal?: DeskDeal; version: number; left: number }>();
  const deals = new Map<string, { readonly deal: DeskDeal; certified: boolean }>();
  const done = new Set<string>();
  const orders: Order[] = [];
  let resting = false;

  /** Each thing is done once. */
  const once = (name: string, act: () => void) => {
    if (done.has(name)) return;
    done.add(name);
    act();
  };
  const now = () => instantAt(Math.floor(nowMs() / 1000) * 1000);
  const told = (kind: Order['kind'], number: string, to: readonly Exchange[], more: Partial<Order> = {}) =>
    orders.push({ kind, from: exchange, number, to, marks: [number], ...more });

  const publish = () => {
    const listing = sampleListing(exchange, first + listedBefore + listings.size + 1, nowMs());
    const left = isTraded(listing.number) ? 0 : random.between(0, 4);
    listings.set(listing.number, { listing, version: 1, left });
    desk.publish(listing);
    told('listing', listing.number, others, { marks: [String(listing.ipNumber)] });
  };

  const changeState = () => {
    for (const [number, own] of listings) {
      if (own.left === 0 || random.next() > 0.2) continue;
      own.left -= 1;
      own.version += 1;
      const suspend = own.version % 2 === 0;
      desk.setState(number, own.version, suspend ? 'suspended' : 'resumed', '核查');
      told('listing-state', number, others, { open: !suspend });
    }
  };

  const onMirror = ({ number, foreignNumber = '', exchange: home }: BookEntry) => {
    if (resting || !isTraded(foreignNumber)) return;
    once(`mirror ${number}`, () => {
      if (random.next() > 0.6) return;
      const interest = `I-${foreignNumber}`;
      desk.registerInterest({ number: interest, mirror: number, buyer: buyers[exchange], at: now() });
      told('interest', interest, [named(home)]);
    });
  };

  /** The first buyer gets it; those who come later are declined. */
  const onInterest = ({ number, foreignNumber = '', exchange: from }: BookEntry) => {
    const own = listings.get(foreignNumber.slice(2));
    if (own === undefined) return;
    once(`interest ${number}`, () => {
      const host = named(from);
      const accept = own.deal === undefined;
      desk.decideInterest(number, accept, accept ? '' : '已有受让方');
      told('interest-decision', foreignNumber, [host], { marks: [number] });
      if (!accept) return;
      own.deal = sampleDeal(own.listing, exchange, host, nowMs());
      deals.set(own.deal.number, { deal: own.deal, certified: false });
      desk.conclude(own.deal);
      told('deal', own.deal.number, [host], { notMarks: [`C-${own.deal.number}`] });
    });
  };

  const onDeal = ({ number, foreignNumber = '', exchange: home }: BookEntry) => {
    once(`deal ${number}`, () => {
      desk.confirm(number);
      told('deal-confirmed', foreignNumber, [named(home)], { notMarks: [`F-${foreignNumber}`] });
      const amountFen = 128_500_000n;
      desk.pay({
        ...{ number: `F-${foreignNumber}`, deal: number, leg: 'price-paid', amountFen },
        ...{
          payer: buyers[exchange].name,
          payee: '示例卖方',
          valueDate: dateAt(nowMs()),
          bankRef: `B${foreignNumber}`,
        },
      });
      told('funds', `F-${foreignNumber}`, [named(home)], { amountFen: String(amountFen) });
    });
  };

  const certify = () => {
    const entries = [...book.received.values()];
    const confirmed = new Set(entries.filter(({ kind }) => kind === 'deal-confirmed').map(({ number }) => number));
    const paid = new Set(entries.filter(({ kind }) => kind === 'funds').map(({ foreignNumber }) => foreignNumber));
    for (const [number, own] of deals) {
      if (own.certified || !confirmed.has(number) || !paid.has(`F-${number}`)) continue;
      own.certified = true;
      desk.certify(number, 2, `C-${number}`);
      told('certificate', number, [own.deal.buyerExchange!], { marks: [`C-${number}`] });
    }
  };

  const acts: Partial<Record<BookEntry['kind'], (entry: BookEntry) => void>> = {
    listing: onMirror,
    interest: onInterest,
    deal: onDeal,
  };
  return {
    publish,
    look: () => {
      changeState();
      for (const entry of [...book.received.values()]) acts[entry.kind]?.(entry);
      certify();
    },
    rest: () => {
      resting = true;
      for (const own of listings.values()) own.left = 0;
    },
    orders,
    open: () => [...deals.values()].filter(({ certified }) => !certified).length,
  };
}

/** Exchanges write each other's names in their own way. */
export function named(name: string | undefined): Exchange {
  const found = exchanges.find((exchange) => exchange === name?.toLowerCase());
  if (found === undefined) throw new Error(`assertion: ${name} is no exchange`);
  return found;
}
