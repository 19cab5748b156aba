import type { FrontDesk, MockPorts } from '../../../src/contract/mock.ts';
import type { Books } from './books.ts';
import type { Fields } from './checks.ts';
import type { Pusher } from './pusher.ts';
import { record } from './recording.ts';
import { clock, clockAt, legs, say, wan, yuan } from './words.ts';
import { dealOf, partyOf, projectOf } from './writing.ts';

/** The front desk: neutral words in, CTEX's own events out. @throws for what CTEX has no word or no record for */
export function openDesk(ports: MockPorts, books: Books, pusher: Pusher): FrontDesk {
  const tell = (eventType: string, data: Fields) => {
    const { kind, lane } = record(books, eventType, data);
    const eventId = books.number('EV');
    const event = { eventId, eventType, occurTime: clockAt(ports.nowMs()), data };
    pusher.push(lane, { eventId, kind, body: Buffer.from(JSON.stringify(event)) });
  };

  const moveDeal = (number: string, version: number, state: string, changes: Fields) => {
    const deal = books.deals.get(number);
    if (deal?.role !== 'HOME') throw new Error(`CTEX has no deal ${number} of its own`);
    tell(`DEAL_${state}`, { ...deal.fields, ...changes, version, state });
  };

  return {
    aim: (url) => pusher.aim(url),
    idle: () => pusher.idle(),
    send: (native) => {
      const body = Buffer.from(native);
      const { eventId, eventType, data } = loosely(body);
      const { kind, lane } = record(books, String(eventType), data);
      pusher.push(lane, { eventId: String(eventId), kind, body });
    },
    publish: (listing) => tell('PROJECT_PUBLISHED', projectOf(listing)),
    change: (listing) => tell('PROJECT_CHANGED', projectOf(listing)),
    setState: (number, version, state, reason) => {
      const events = {
        suspended: 'PROJECT_SUSPENDED',
        resumed: 'PROJECT_RESUMED',
        withdrawn: 'PROJECT_OFFLINE',
      } as const;
      tell(events[state], { projectNo: number, version, reason });
    },
    registerInterest: ({ number, mirror, buyer, offerFen, at }) => {
      const offer = offerFen === undefined ? {} : { offerPrice: wan(offerFen) };
      const intent = { intentNo: number, mirrorNo: mirror, buyer: partyOf(buyer), ...offer, submitTime: clock(at) };
      tell('INTENT_SUBMITTED', intent);
    },
    decideInterest: (number, accept, reason) => {
      if (!books.intents.has(number)) throw new Error(`CTEX knows no intent ${number}`);
      tell('INTENT_RESULT', { intentNo: number, result: accept ? 'PASS' : 'REJECT', reason });
    },
    bid: ({ number, mirror, buyer, amountFen, at }) => {
      const quote = { quoteNo: number, mirrorNo: mirror, buyer: partyOf(buyer), price: wan(amountFen) };
      tell('QUOTE_SUBMITTED', { ...quote, quoteTime: clock(at) });
    },
    conclude: (deal) => tell('DEAL_SIGNED', dealOf(deal)),
    certify: (number, version, certificate) => moveDeal(number, version, 'CERTIFIED', { certNo: certificate }),
    cancel: (number, version, reason) => moveDeal(number, version, 'CANCELLED', { cancelReason: reason }),
    confirm: (number) => {
      const deal = books.deals.get(number);
      if (deal?.role !== 'HOST') throw new Error(`CTEX knows no deal ${number} of another exchange`);
      const { homeDealNo, version } = deal;
      tell('DEAL_CONFIRMED', { dealNo: number, homeDealNo, version, confirmTime: clockAt(ports.nowMs()) });
    },
    pay: (funds) =>
      tell('FUND_EVENT', {
        fundNo: funds.number,
        ...(funds.deal === undefined ? { intentNo: funds.interest } : { dealNo: funds.deal }),
        type: say(legs, funds.leg),
        payer: funds.payer,
        payee: funds.payee,
        amount: yuan(funds.amountFen),
        valueDate: funds.valueDate,
        bankSerial: funds.bankRef,
      }),
  };
}

/** A message made elsewhere, as far as it can be read: it may be wrong on purpose. */
function loosely(body: Buffer): { eventId: unknown; eventType: unknown; data: Fields } {
  try {
    const { eventId, eventType, data } = JSON.parse(body.toString('utf8'));
    return { eventId, eventType, data: data !== null && typeof data === 'object' ? data : {} };
  } catch {
    return { eventId: 'unreadable', eventType: undefined, data: {} };
  }
}
