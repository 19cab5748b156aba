import { type Books, bookDeal } from './books.ts';
import { type Fields, fenOf } from './checks.ts';

/** CTEX writes down what it is about to tell; the gateway's answers refer to it. */
interface Told {
  /** What `fail` calls it. */
  readonly kind: string;
  /** The listing it is about: its messages keep their order. */
  readonly lane: string;
}

type Recorder = (books: Books, data: Fields, eventType: string) => Told;

const project: Recorder = (books, data) => {
  const lane = String(data.projectNo);
  books.projects.set(lane, { version: Number(data.version), state: 'PUBLISHED' });
  return { kind: 'listing', lane };
};

const STATES = { PROJECT_SUSPENDED: 'SUSPENDED', PROJECT_RESUMED: 'PUBLISHED', PROJECT_OFFLINE: 'OFFLINE' } as const;

const projectState: Recorder = (books, data, eventType) => {
  const lane = String(data.projectNo);
  books.projects.set(lane, { version: Number(data.version), state: STATES[eventType as keyof typeof STATES] });
  return { kind: 'listing-state', lane };
};

const deal: Recorder = (books, data) => {
  const number = String(data.dealNo);
  const known = books.deals.get(number);
  const lane = String(data.projectNo ?? data.mirrorNo);
  if (known !== undefined) {
    Object.assign(known, { fields: data, version: Number(data.version), state: String(data.state) });
    return { kind: 'deal', lane };
  }
  const fee = (value: unknown) => fenOf(value ?? '0', '元') ?? 0n;
  const host = data.hostExchange;
  bookDeal(books, number, String(data.signTime), {
    role: 'HOME',
    counter: String(host ?? 'CTEX'),
    listing: lane,
    version: Number(data.version),
    state: String(data.state),
    confirmedVersion: 0,
    fields: data,
    priceFen: fenOf(data.dealPrice, data.priceUnit ?? '万元') ?? 0n,
    // A buyer of another exchange pays that exchange, not CTEX.
    feeFen: fee(data.sellerFee) + (host === undefined ? fee(data.buyerFee) : 0n),
    paidFen: 0n,
  });
  return { kind: 'deal', lane };
};

const recorders: Readonly<Record<string, Recorder>> = {
  PROJECT_PUBLISHED: project,
  PROJECT_CHANGED: project,
  PROJECT_SUSPENDED: projectState,
  PROJECT_RESUMED: projectState,
  PROJECT_OFFLINE: projectState,
  INTENT_SUBMITTED: (books, data) => {
    const lane = String(data.mirrorNo);
    books.intents.set(String(data.intentNo), { listing: lane, isOwn: true });
    return { kind: 'interest', lane };
  },
  INTENT_RESULT: (books, data) => {
    const number = String(data.intentNo);
    return { kind: 'interest-decision', lane: books.intents.get(number)?.listing ?? number };
  },
  QUOTE_SUBMITTED: (_, data) => ({ kind: 'bid', lane: String(data.mirrorNo) }),
  DEAL_SIGNED: deal,
  DEAL_CERTIFIED: deal,
  DEAL_CANCELLED: deal,
  DEAL_CONFIRMED: (books, data) => {
    const number = String(data.dealNo);
    return { kind: 'deal-confirmed', lane: books.deals.get(number)?.listing ?? number };
  },
  FUND_EVENT: (books, data) => {
    const about = books.deals.get(String(data.dealNo));
    if (about !== undefined && data.type === 'PRICE') about.paidFen += fenOf(data.amount, '元') ?? 0n;
    return {
      kind: 'funds',
      lane: about?.listing ?? books.intents.get(String(data.intentNo))?.listing ?? String(data.fundNo),
    };
  },
};

/** Records an event of CTEX's own; one that it does not know is only sent. */
export function record(books: Books, eventType: string, data: Fields): Told {
  const recorder = Object.hasOwn(recorders, eventType) ? recorders[eventType] : undefined;
  return recorder === undefined ? { kind: 'unknown', lane: 'unknown' } : recorder(books, data, eventType);
}
