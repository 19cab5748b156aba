import type { Exchange } from '../../src/contract/exchange.ts';
import type {
  Bid,
  Deal,
  DealConfirmed,
  Funds,
  Interest,
  InterestDecision,
  Listing,
  ListingState,
  Party,
} from '../../src/contract/message.ts';

/** Unified messages of one trade, each with what the test is about changed. Names and numbers are synthetic. */
export const seller: Party = {
  name: '示例卖方有限公司',
  kind: 'legal',
  uscc: '91110108MA0000015T',
  nature: 'private',
  region: '110108',
  country: '142',
};
export const buyer: Party = { ...seller, name: '示例买方有限公司', uscc: '91310110MA00166902', region: '310110' };
const money = (amount: string) => ({ amount, currency: 'CNY' as const });

export function listing(id: string, change: Partial<Listing> = {}): Listing {
  const home = id.slice(0, 4) as Exchange;
  return {
    kind: 'listing',
    id,
    version: 1,
    home,
    nativeId: id.slice(5),
    direction: 'supply',
    status: 'published',
    title: `示例软件 ${id}`,
    dealType: 'transfer',
    object: {
      type: 'software',
      field: '01',
      ip: [{ type: 'software', number: `SR-${id.slice(5)}`, title: '示例软件', holders: ['示例卖方有限公司'] }],
    },
    seller,
    regime: 'private',
    mode: 'listing',
    price: { kind: 'fixed', amount: money('1000000.00') },
    disclosure: { startsOn: '2026-03-02', endsOn: '2026-04-11', days: 40, dayKind: 'calendar' },
    payment: { plan: 'lump-sum' },
    export: 'none',
    publishedAt: '2026-03-02T09:00:00+08:00',
    ...change,
  };
}

export function state(id: string, version: number, status: ListingState['status'], at: string): ListingState {
  return { kind: 'listing-state', listing: { id, version }, status, reason: '卖方要求', at };
}

export function interest(id: string, of: string, change: Partial<Interest> = {}): Interest {
  const host = id.slice(0, 4) as Exchange;
  const registeredAt = '2026-03-02T10:00:00+08:00';
  return { kind: 'interest', id, listing: { id: of }, host, buyer, registeredAt, ...change };
}

export function decision(
  of: string,
  home: Exchange,
  result: InterestDecision['result'] = 'accepted',
): InterestDecision {
  return { kind: 'interest-decision', interest: of, home, result };
}

export function bid(id: string, of: string, amount: string, change: Partial<Bid> = {}): Bid {
  const host = id.slice(0, 4) as Exchange;
  const placedAt = '2026-03-02T11:00:00+08:00';
  return { kind: 'bid', id, listing: { id: of }, host, buyer, amount: money(amount), placedAt, ...change };
}

export function deal(id: string, of: string, host: Exchange, change: Partial<Deal> = {}): Deal {
  const home = id.slice(0, 4) as Exchange;
  return {
    kind: 'deal',
    id,
    version: 1,
    listing: { id: of },
    home,
    host,
    status: 'concluded',
    dealType: 'transfer',
    mode: 'listing',
    seller,
    buyer,
    price: money('1000000.00'),
    technologyAmount: money('800000.00'),
    payment: { plan: 'lump-sum' },
    fees: [],
    concludedAt: '2026-03-02T12:00:00+08:00',
    ...change,
  };
}

export function confirmed(of: string, host: Exchange, version = 1): DealConfirmed {
  return { kind: 'deal-confirmed', deal: of, version, host };
}

export function funds(id: string, of: string, amount: string, change: Partial<Funds> = {}): Funds {
  const common = {
    payer: '示例买方有限公司',
    payee: '示例卖方有限公司',
    valueDate: '2026-03-02',
    bankRef: `B-${id.slice(5)}`,
  };
  return { kind: 'funds', id, deal: of, leg: 'price-paid', ...common, amount: money(amount), ...change };
}
