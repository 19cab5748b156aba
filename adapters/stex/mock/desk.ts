import type { FrontDesk, MockPorts } from '../../../src/contract/mock.ts';
import { pay } from './inbox.ts';
import { learn } from './learn.ts';
import type { Ledger, OwnDeal } from './ledger.ts';
import type { MockOutbox } from './outbox.ts';
import * as write from './writing.ts';
import { parseXml } from './xml.ts';

/** STEX's people: each order goes into the ledger and, as a document, into the outbox. */
export function openFrontDesk(ledger: Ledger, outbox: MockOutbox, nowMs: MockPorts['nowMs']): FrontDesk {
  const now = () => write.moment(new Date(nowMs() + 28_800_000).toISOString());
  const ownDeal = (number: string): OwnDeal => {
    const own = ledger.deals.get(number);
    if (own === undefined) throw new Error(`STEX has no deal ${number}`);
    return own;
  };
  const list = (type: '101' | '102', listing: Parameters<FrontDesk['publish']>[0]) => {
    ledger.projects.set(listing.number, { version: listing.version, state: 'listed' });
    outbox.put(type, now(), write.projectOf(listing));
  };
  return {
    // The gateway comes to fetch; there is nothing to aim at.
    aim: () => {},
    send(native) {
      learn(parseXml(native), ledger);
      outbox.putBytes(native);
    },
    publish: (listing) => list('101', listing),
    change: (listing) => list('102', listing),
    setState(number, version, state, reason) {
      const kept = { suspended: 'suspended', resumed: 'listed', withdrawn: 'ended' } as const;
      ledger.projects.set(number, { version, state: kept[state] });
      outbox.put('103', now(), write.stateOf({ number, version, state, reason }));
    },
    registerInterest(interest) {
      ledger.interests.add(interest.number);
      outbox.put('201', now(), write.interestOf(interest));
    },
    decideInterest: (number, accept, reason) => outbox.put('202', now(), write.decisionOf(number, accept, reason)),
    bid: (bid) => outbox.put('203', now(), write.bidOf(bid)),
    conclude(deal) {
      ledger.deals.set(deal.number, { deal, version: deal.version, state: '1', confirmed: false });
      outbox.put('301', now(), write.dealOf(deal, { code: '1', version: deal.version }));
    },
    certify(number, version, certificate) {
      const own = ownDeal(number);
      Object.assign(own, { version, certificate, state: '2' });
      outbox.put('302', now(), write.dealOf(own.deal, { code: '2', version, certificate }));
    },
    cancel(number, version, reason) {
      const own = ownDeal(number);
      Object.assign(own, { version, state: '3' });
      const { certificate } = own;
      const certified = certificate === undefined ? {} : { certificate };
      outbox.put('303', now(), write.dealOf(own.deal, { code: '3', version, reason, ...certified }));
    },
    confirm(number) {
      const entry = ledger.received.get(number);
      if (entry?.kind !== 'deal') throw new Error(`STEX has received no deal ${number}`);
      const content = write.confirmationOf(number, entry.foreignNumber ?? '', String(entry.version), now());
      outbox.put('304', now(), content);
    },
    pay(funds) {
      if (funds.leg === 'price-paid' && funds.deal !== undefined) pay(ledger, funds.deal, funds.amountFen);
      outbox.put('401', now(), write.fundsOf(funds));
    },
    idle: () => outbox.empty(),
  };
}
