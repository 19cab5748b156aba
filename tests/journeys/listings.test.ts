import { sampleListing } from '../../src/cli/sample-trade.ts';
import { foreign, held } from '../../src/cli/trade.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { forgetKeys, getJson, type Journey, openJourney, pairs } from './federation.ts';

interface ListingView {
  readonly status: string;
  readonly version: number;
  readonly mirrors: readonly { readonly host: string; readonly number: string }[];
  readonly decisions: readonly {
    readonly host: string;
    readonly verdict: string;
    readonly decision: { readonly issues: readonly { readonly code: string }[] };
  }[];
}

describe('a listing goes from its home to the two others', () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await openJourney();
  });
  afterAll(async () => {
    await journey.close();
    forgetKeys();
  });

  let serial = 0;
  const publish = async (home: (typeof exchanges)[number], change = {}) => {
    const listing = sampleListing(home, ++serial, journey.clock.nowMs(), change);
    journey.mocks[home].desk.publish(listing);
    await journey.settle();
    return listing;
  };

  it.each(exchanges)(
    'published at %s, it is shown at both others, and their numbers come back to its record',
    async (home) => {
      const listing = await publish(home);
      const hosts = exchanges.filter((exchange) => exchange !== home);
      const record = await getJson<ListingView>(
        journey,
        `/v1/listings/${encodeURIComponent(`${home}:${listing.number}`)}`,
      );
      for (const host of hosts) {
        const mirror = held(journey, host, 'listing', listing.number);
        expect(mirror.version).toBe(1);
        expect(record.mirrors).toContainEqual({ host, number: mirror.number });
      }
      expect(journey.errors).toEqual([]);
    },
  );

  it.each(pairs)('changed at %s, the mirror at %s is replaced under the same number', async (home, host) => {
    const listing = await publish(home);
    const first = held(journey, host, 'listing', listing.number);
    journey.mocks[home].desk.change({ ...listing, version: 2, title: `${listing.title}（更新）` });
    await journey.settle();
    const second = held(journey, host, 'listing', listing.number);
    expect(second.number).toBe(first.number);
    expect(second.version).toBe(2);
    expect(JSON.stringify(second.fields)).toContain('（更新）');
  });

  it.each(pairs)('suspended, resumed and withdrawn at %s, the mirror at %s follows', async (home, host) => {
    const listing = await publish(home);
    const { desk } = journey.mocks[home];
    const states: (string | undefined)[] = [];
    for (const [version, state] of [
      [2, 'suspended'],
      [3, 'resumed'],
      [4, 'withdrawn'],
    ] as const) {
      desk.setState(listing.number, version, state, '卖方要求');
      await journey.settle();
      states.push(held(journey, host, 'listing', listing.number).state);
    }
    expect(new Set(states).size).toBe(3);
    const record = await getJson<ListingView>(
      journey,
      `/v1/listings/${encodeURIComponent(`${home}:${listing.number}`)}`,
    );
    expect(record.status).toBe('withdrawn');
  });

  it('an auction of ctex is not sent to szse, which has none, and the record says why in both languages', async () => {
    const listing = await publish('ctex', { mode: 'auction', priceKind: 'reserve' });
    expect(foreign(journey, 'szse', 'listing', listing.number)).toBeUndefined();
    held(journey, 'stex', 'listing', listing.number);
    const record = await getJson<ListingView>(journey, `/v1/listings/ctex%3A${listing.number}`);
    const decision = record.decisions.find(({ host }) => host === 'szse');
    expect(decision).toMatchObject({
      verdict: 'refuse',
      decision: {
        issues: [
          expect.objectContaining({
            code: 'mode-unsupported',
            clause: expect.any(String),
            provenance: expect.any(String),
            detail: { zh: expect.stringMatching(/\p{Script=Han}/u), en: expect.stringMatching(/[a-z]/) },
          }),
        ],
      },
    });
  });

  it('a public notice that is still open holds the listing back, and it goes out by itself when the notice has ended', async () => {
    const listing = await publish('ctex', {
      mode: 'agreement',
      seller: { name: '示例大学', uscc: '12310000425000014Y', nature: 'public-rnd', region: '310110', country: '142' },
      notice: { startsOn: '2026-03-02', endsOn: '2026-03-17', objections: false },
    });
    expect(foreign(journey, 'stex', 'listing', listing.number)).toBeUndefined();
    const before = await getJson<ListingView>(journey, `/v1/listings/ctex%3A${listing.number}`);
    expect(before.decisions.map(({ verdict }) => verdict)).toEqual(['hold', 'hold']);
    journey.clock.advance(16 * 86_400_000);
    await journey.gateway.sweep();
    await journey.settle();
    held(journey, 'stex', 'listing', listing.number);
    held(journey, 'szse', 'listing', listing.number);
    const after = await getJson<ListingView>(journey, `/v1/listings/ctex%3A${listing.number}`);
    expect(after.decisions.every(({ verdict }) => verdict.startsWith('relay'))).toBe(true);
  });

  it('a change that must wait suspends the mirror, and when it may go the mirror is published again with it', async () => {
    const seller = {
      name: '示例大学',
      uscc: '12310000425000014Y',
      nature: 'public-rnd',
      region: '310110',
      country: '142',
    };
    const listing = await publish('szse', { seller });
    const first = held(journey, 'ctex', 'listing', listing.number);
    const today = new Date(journey.clock.nowMs() + 8 * 3_600_000);
    const day = (ahead: number) => new Date(today.getTime() + ahead * 86_400_000).toISOString().slice(0, 10);
    const notice = { startsOn: day(0), endsOn: day(15), objections: false };
    journey.mocks.szse.desk.change({ ...listing, version: 2, mode: 'agreement', notice });
    await journey.settle();
    const waiting = held(journey, 'ctex', 'listing', listing.number);
    expect(waiting.state).not.toBe(first.state);
    journey.clock.advance(20 * 86_400_000);
    await journey.gateway.sweep();
    await journey.settle();
    const after = held(journey, 'ctex', 'listing', listing.number);
    expect(after).toMatchObject({ number: first.number, version: 2, state: first.state });
    expect(journey.errors).toEqual([]);
  });

  it('suspended where a change is not admitted, and published there again when a later one is', async () => {
    const listing = await publish('ctex');
    const first = held(journey, 'szse', 'listing', listing.number);
    const { desk } = journey.mocks.ctex;
    desk.change({ ...listing, version: 2, mode: 'auction', priceKind: 'reserve' });
    await journey.settle();
    expect(held(journey, 'szse', 'listing', listing.number).state).not.toBe(first.state);
    desk.change({ ...listing, version: 3 });
    await journey.settle();
    expect(held(journey, 'szse', 'listing', listing.number)).toMatchObject({
      number: first.number,
      version: 3,
      state: first.state,
    });
    expect(journey.errors).toEqual([]);
  });
});
