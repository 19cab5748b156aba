import { readStanding } from '../../src/clearing/standing.ts';
import { sampleDeal, sampleListing } from '../../src/cli/sample-trade.ts';
import { runTrade } from '../../src/cli/trade.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { viewing } from '../../src/journal/viewing.ts';
import { forgetKeys, type Journey, openJourney } from './federation.ts';

const LOOKS = ['ctex journal', 'stex journal', 'szse journal', 'ctex stex', 'ctex szse', 'stex szse'];

describe('the standing check, over mutual TLS to the three exchanges', () => {
  let journey: Journey;
  let serial = 7000;
  beforeAll(async () => {
    // Looked at by hand here, so that each test knows when.
    journey = await openJourney({ limits: { standingIntervalMs: 3_600_000 } });
  });
  afterAll(async () => {
    await journey.close();
    forgetKeys();
  });

  const look = async () => {
    // Leaves come a moment after the messages they are for.
    while ((await journey.gateway.journalLog.waiting()) > 0n) await new Promise((resolve) => setTimeout(resolve, 20));
    await journey.gateway.standing.look();
    return journey.gateway.standing.looks();
  };
  const listed = async (home: Exchange) => {
    const listing = sampleListing(home, ++serial, journey.clock.nowMs());
    journey.mocks[home].desk.publish(listing);
    await journey.settle();
    return listing;
  };

  it('finds nothing after certified deals between all three, and is sent no books', async () => {
    for (const [home, host] of [
      ['ctex', 'stex'],
      ['stex', 'szse'],
      ['szse', 'ctex'],
    ] as const)
      await runTrade(journey, home, host, await listed(home), { allFunds: true });
    const looks = await look();
    expect(looks.map(({ one, other }) => `${one} ${other}`).sort()).toEqual([...LOOKS].sort());
    for (const one of looks) {
      expect(one).toMatchObject({ outcome: 'equal', open: 0, inFlight: 0, cells: 64, bytes: 64 * 28 });
    }
    const { pairs: seen, differences } = await viewing(journey.gateway.database, '*', (connection) =>
      readStanding(connection, 10),
    );
    expect(differences).toEqual([]);
    // Each exchange has one deal at home and one as host, and one with each of the others.
    expect(seen.map(({ oneRows, otherRows }) => [oneRows, otherRows])).toEqual([
      ...[2, 2, 2].map((n) => [`${n}`, `${n}`]),
      ...[1, 1, 1].map((n) => [`${n}`, `${n}`]),
    ]);
  });

  it('finds a deal that one exchange books and the gateway has turned down, within a minute', async () => {
    const listing = await listed('ctex');
    const deal = await runTrade(journey, 'ctex', 'stex', listing);
    const again = sampleDeal(listing, 'ctex', 'szse', journey.clock.nowMs());
    journey.mocks.ctex.desk.conclude({ ...again, number: `${deal.number}-TWICE` });
    await journey.settle();
    await look();
    journey.clock.advance(45_000);
    await look();
    const id = `ctex:${deal.number}-TWICE`;
    const seenBy = (viewer: Exchange | '*') =>
      viewing(journey.gateway.database, viewer, (connection) => readStanding(connection, 10));
    const { differences, pairs: seen } = await seenBy('*');
    expect(differences.map(({ one, other, dealId, code, outcome }) => [one, other, dealId, code, outcome])).toEqual([
      ['ctex', 'journal', id, 'P100', 'open'],
      ['ctex', 'szse', id, 'P100', 'open'],
    ]);
    expect(seen.filter(({ open }) => open > 0).map(({ bytes }) => Number(bytes) < 4_000)).toEqual([true, true]);
    // stex has no part in it, and does not see it.
    expect((await seenBy('stex')).differences).toEqual([]);
    expect((await seenBy('szse')).differences).toHaveLength(1);
    expect(journey.gateway.standing.alarms().map(({ code }) => code)).toEqual([
      'standing-difference',
      'standing-difference',
    ]);
    const metrics = await (await fetch(`${journey.gateway.url}/metrics`)).text();
    expect(metrics).toContain('qiao_standing_open{one="ctex",other="journal"} 1\n');
    expect(metrics).toContain('qiao_standing_open{one="stex",other="journal"} 0\n');
    expect(metrics).toContain('qiao_standing_silent{one="ctex",other="szse"} 0\n');
    expect(journey.errors).toEqual([]);
  });

  it('knows it for the same difference in the next session, under another secret', async () => {
    const before = await viewing(journey.gateway.database, '*', (connection) => readStanding(connection, 10));
    journey.clock.advance(86_400_000);
    const looks = await look();
    expect(looks.map(({ open, inFlight }) => [open, inFlight])).toContainEqual([1, 0]);
    const after = await viewing(journey.gateway.database, '*', (connection) => readStanding(connection, 10));
    expect(after.pairs[0]!.since > before.pairs[0]!.since).toBe(true);
    expect(after.differences.map(({ firstSeen }) => firstSeen)).toEqual(
      before.differences.map(({ firstSeen }) => firstSeen),
    );
  });
});
