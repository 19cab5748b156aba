import { sampleDeal, sampleListing } from '../../src/cli/sample-trade.ts';
import { foreign, held, runTrade } from '../../src/cli/trade.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { forgetKeys, getJson, type Journey, openJourney, pairs } from './federation.ts';
import { verifyJournal } from './verify-journal.ts';

interface DealView {
  readonly status: string;
  readonly version: number;
  readonly confirmation: string | null;
  readonly numbers: readonly { readonly exchange: string; readonly number: string }[];
}

describe('from interest to certificate', () => {
  let journey: Journey;
  let serial = 1000;
  beforeAll(async () => {
    journey = await openJourney();
  });
  afterAll(async () => {
    await journey.close();
    forgetKeys();
  });

  const publish = async (home: Exchange, change = {}) => {
    const listing = sampleListing(home, ++serial, journey.clock.nowMs(), change);
    journey.mocks[home].desk.publish(listing);
    await journey.settle();
    return listing;
  };
  const dealOf = (home: Exchange, number: string) =>
    getJson<DealView>(journey, `/v1/deals/${encodeURIComponent(`${home}:${number}`)}`);
  const admit = async (home: Exchange, host: Exchange, number: string) => {
    const { number: mirror } = held(journey, host, 'listing', number);
    const { buyer } = sampleDeal(sampleListing(home, 1, journey.clock.nowMs()), home, host, journey.clock.nowMs());
    const interest = `I-${host}-${number}`;
    journey.mocks[host].desk.registerInterest({ number: interest, mirror, buyer, at: '2026-03-02T10:00:00+08:00' });
    await journey.settle();
    journey.mocks[home].desk.decideInterest(held(journey, home, 'interest', interest).number, true, '');
    await journey.settle();
  };

  it.each(pairs)(
    'a buyer at the host takes a listing of %s at %s, through bid, money and certificate',
    async (home, host) => {
      const listing = await publish(home, { mode: 'bidding', priceKind: 'reserve' });
      const deal = await runTrade(journey, home, host, listing, { bidFen: 130_000_000n, allFunds: true });
      const record = await dealOf(home, deal.number);
      expect(record).toMatchObject({ status: 'certified', version: 2, confirmation: expect.any(String) });
      expect(record.numbers).toContainEqual({
        exchange: host,
        number: held(journey, host, 'deal', deal.number).number,
      });
      for (const exchange of exchanges) expect(journey.mocks[exchange].book.turnedDown).toEqual([]);
      expect(journey.errors).toEqual([]);
    },
  );

  it.each(pairs)('a deal of %s with a buyer of %s is cancelled, and the asset is free again', async (home, host) => {
    const listing = await publish(home);
    await admit(home, host, listing.number);
    const deal = sampleDeal(listing, home, host, journey.clock.nowMs());
    journey.mocks[home].desk.conclude(deal);
    await journey.settle();
    journey.mocks[home].desk.cancel(deal.number, 2, '买方违约');
    await journey.settle();
    expect((await dealOf(home, deal.number)).status).toBe('cancelled');
    journey.mocks[home].desk.conclude({ ...deal, number: `${deal.number}-2` });
    await journey.settle();
    expect((await dealOf(home, `${deal.number}-2`)).status).toBe('concluded');
  });

  it.each(pairs)('a certified deal of %s with %s is reversed', async (home, host) => {
    const listing = await publish(home);
    const deal = await runTrade(journey, home, host, listing);
    journey.mocks[home].desk.cancel(deal.number, 3, '判决撤销');
    await journey.settle();
    expect((await dealOf(home, deal.number)).status).toBe('reversed');
  });

  it('two buyers at two hosts: the asset has one active award, the second deal is refused', async () => {
    const listing = await publish('ctex');
    await admit('ctex', 'stex', listing.number);
    await admit('ctex', 'szse', listing.number);
    const first = sampleDeal(listing, 'ctex', 'stex', journey.clock.nowMs());
    const second = { ...sampleDeal(listing, 'ctex', 'szse', journey.clock.nowMs()), number: `${first.number}-again` };
    const { desk, book } = journey.mocks.ctex;
    desk.conclude(first);
    await journey.settle();
    const before = book.turnedDown.length;
    desk.conclude(second);
    await journey.settle();
    expect(book.turnedDown.length).toBe(before + 1);
    await expect(dealOf('ctex', second.number)).rejects.toThrow('404');
    expect(foreign(journey, 'szse', 'deal', second.number)).toBeUndefined();
    held(journey, 'stex', 'deal', first.number);
  });

  it('the same patent listed at two exchanges is sold once', async () => {
    const right = { objectType: 'invention', ipNumber: 'ZL202310123456.6', ipTitle: '一种方法' };
    const atCtex = await publish('ctex', right);
    const atStex = await publish('stex', { ...right, seller: sampleListing('ctex', 1, 0).seller });
    await admit('ctex', 'szse', atCtex.number);
    await admit('stex', 'szse', atStex.number);
    journey.mocks.ctex.desk.conclude(sampleDeal(atCtex, 'ctex', 'szse', journey.clock.nowMs()));
    await journey.settle();
    const before = journey.mocks.stex.book.turnedDown.length;
    journey.mocks.stex.desk.conclude(sampleDeal(atStex, 'stex', 'szse', journey.clock.nowMs()));
    await journey.settle();
    await expect(dealOf('stex', `D-${atStex.number}`)).rejects.toThrow('404');
    expect(journey.mocks.stex.book.turnedDown.length).toBeGreaterThanOrEqual(before);
  });

  it("no certificate without the host's co-signature, and none before the price is paid", async () => {
    const listing = await publish('szse');
    await admit('szse', 'ctex', listing.number);
    const deal = sampleDeal(listing, 'szse', 'ctex', journey.clock.nowMs());
    const { desk, book } = journey.mocks.szse;
    desk.conclude(deal);
    await journey.settle();
    desk.certify(deal.number, 2, 'C-too-early');
    await journey.settle();
    expect(book.turnedDown.at(-1)?.text).toMatch(/确认|confirm/);
    const { number } = held(journey, 'ctex', 'deal', deal.number);
    journey.mocks.ctex.desk.confirm(number);
    await journey.settle();
    desk.certify(deal.number, 3, 'C-unpaid');
    await journey.settle();
    expect((await dealOf('szse', deal.number)).status).toBe('confirmed');
  });

  it('takes the books of each exchange at the end of the day', async () => {
    // The books are there from the cut-off, 17:00 at the latest.
    journey.clock.advance(8 * 3_600_000);
    for (const exchange of exchanges) {
      const { statement } = await journey.gateway.takeStatement(exchange, '2026-03-02');
      expect(statement).toMatchObject({ ok: true, value: { kind: 'statement', exchange } });
      if (statement.ok) expect(statement.value.rows.length).toBe(statement.value.count);
    }
  });

  it('every kind went between every pair of exchanges, and every envelope and receipt verifies from its bytes', async () => {
    const toHost = ['listing', 'listing-state', 'interest-decision', 'deal', 'funds'];
    const toHome = ['listing-mirrored', 'interest', 'bid', 'deal-confirmed', 'funds'];
    for (const [home] of pairs) {
      // Suspended and resumed here, so that this suite alone covers every kind.
      const listing = await publish(home);
      journey.mocks[home].desk.setState(listing.number, 2, 'suspended', '核查');
      await journey.settle();
    }
    const seen = await verifyJournal(journey);
    for (const [home, host] of pairs) {
      for (const kind of toHost) expect(seen).toContain(`${kind} ${home} → ${host}`);
      for (const kind of toHome) expect(seen).toContain(`${kind} ${host} → ${home}`);
    }
    for (const exchange of exchanges) expect(seen).toContain(`statement ${exchange} → qiao`);
    for (const exchange of exchanges)
      expect([...seen].some((line) => line.startsWith(`rulebook ${exchange} →`))).toBe(true);
  });
});
