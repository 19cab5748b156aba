import { Redis } from 'ioredis';
import { addAccount } from '../../src/access/accounts.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { foreign, held, runTrade } from '../../src/cli/trade.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { DeskListing, MockFault } from '../../src/contract/mock.ts';
import { openDatabase, transaction } from '../../src/journal/database.ts';
import { hasRedis, redisForTests, type TestRedis } from '../support/redis.ts';
import { forgetKeys, getJson, type Journey, OPERATOR, openJourney } from './federation.ts';
import { verifyJournal } from './verify-journal.ts';

/** Small waits, so that what is tried again is tried again at once. */
const limits = {
  ...{ retryBaseMs: 20, retryCapMs: 200, breakerBaseMs: 20, breakerCapMs: 200 },
  ...{ pollIntervalMs: 50, exchangeTimeoutMs: 500, outboxPollMs: 20 },
};

/** What `fail` calls a mirror and a change of its state at each mock, and how a suspended mirror is written there. */
const operations: Readonly<
  Record<Exchange, { readonly listing: string; readonly state: string; readonly suspended: string }>
> = {
  ctex: { listing: 'listing', state: 'listing-state', suspended: 'SUSPENDED' },
  stex: { listing: '111', state: '103', suspended: '2' },
  szse: { listing: 'UN', state: 'US', suspended: '2' },
};

let journey: Journey;
let serial = 4000;
afterAll(forgetKeys);

const hostsOf = (home: Exchange) => exchanges.filter((exchange) => exchange !== home);
const publish = (home: Exchange, change: Partial<DeskListing> = {}): DeskListing => {
  const listing = sampleListing(home, ++serial, journey.clock.nowMs(), change);
  journey.mocks[home].desk.publish(listing);
  return listing;
};
/** No request had two effects, wherever. */
const noDoubles = () => {
  for (const exchange of exchanges) {
    for (const [key, times] of journey.mocks[exchange].book.effects) {
      if (times !== 1) throw new Error(`${exchange}: ${key} took effect ${times} times`);
    }
  }
};
const mirrorsOf = (at: Exchange, listing: DeskListing) =>
  [...journey.mocks[at].book.received.values()].filter(
    ({ kind, foreignNumber }) => kind === 'listing' && foreignNumber === listing.number,
  );
const deliveryOf = async (listing: string, to: Exchange) => {
  const { rows } = await journey.gateway.database.query<{
    no: bigint;
    message: string;
    state: string;
    attempts: number;
    reason: { zh: string; en: string }[];
    receipt: Buffer | null;
  }>(
    `select d.no, d.message, d.state, d.attempts, d.reason, r.bytes as receipt
       from delivery d left join receipt r on r.message = d.message and r.recipient = d.exchange and r.kind = d.state
      where d.lane = $1 and d.exchange = $2 order by d.no`,
    [listing, to],
  );
  return rows;
};
const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
  const deadline = performance.now() + 240_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe.each([
  { backend: 'PostgreSQL', run: it },
  { backend: 'Redis', run: hasRedis ? it : it.skip },
])('with wake-ups over $backend', ({ backend, run }) => {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    if (backend === 'Redis') redis = await redisForTests();
    if (run === it.skip) return;
    journey = await openJourney({ limits, ...(redis === undefined ? {} : { redisUrl: redis.url }) });
  });
  afterAll(async () => {
    await journey?.close();
    await redis?.stop();
  });

  run('a listing reaches both hosts, and a buyer there comes to his certificate', async () => {
    const listing = publish('stex');
    await journey.settle();
    for (const host of hostsOf('stex')) held(journey, host, 'listing', listing.number);
    const { number } = await runTrade(journey, 'stex', 'ctex', listing);
    expect(await getJson(journey, `/v1/deals/stex%3A${number}`)).toMatchObject({ status: 'certified' });
    noDoubles();
    expect(journey.errors).toEqual([]);
  });

  run('lost wake-ups are made up for by the sweep', async () => {
    const flush = async () => {
      if (redis === undefined) {
        // The queue's own tables are not the gateway role's.
        const owner = openDatabase(journey.gateway.database.url, { max: 1 });
        await owner.query('delete from bullmq.job');
        await owner.close();
      } else {
        const client = new Redis(redis.url);
        await client.flushall();
        await client.quit();
      }
    };
    const listings: DeskListing[] = [];
    for (let i = 0; i < 10; i++) {
      listings.push(publish('ctex'));
      await flush();
    }
    await journey.settle();
    for (const listing of listings) {
      for (const host of hostsOf('ctex')) expect(mirrorsOf(host, listing)).toHaveLength(1);
    }
    noDoubles();
  });
});

describe('what goes wrong at an exchange', () => {
  beforeAll(async () => {
    journey = await openJourney({ limits });
    // Every link is up before anything is made to go wrong.
    publish('ctex');
    publish('stex');
    await journey.settle();
  });
  afterEach(noDoubles);
  afterAll(async () => {
    await verifyJournal(journey);
    await journey.close();
  });

  const faults: readonly MockFault[] = ['busy', 'system-error', 'lost-answer'];
  it.each(exchanges.flatMap((host) => faults.map((fault) => [host, fault] as const)))(
    'at %s, %s: the listing is shown once, and its changes follow in order',
    async (host, fault) => {
      const home = hostsOf(host)[0]!;
      const { listing: show, state: change } = operations[host];
      journey.mocks[host].fail(show, fault, 1);
      journey.mocks[host].fail(change, fault, 1);
      const listing = publish(home);
      const { desk } = journey.mocks[home];
      desk.setState(listing.number, 2, 'suspended', '核查');
      desk.setState(listing.number, 3, 'resumed', '核查完毕');
      desk.setState(listing.number, 4, 'suspended', '再次核查');
      await journey.settle();
      const [mirror, ...more] = mirrorsOf(host, listing);
      expect(more).toEqual([]);
      expect(mirror?.state).toBe(operations[host].suspended);
      const rows = await deliveryOf(`${home}:${listing.number}`, host);
      expect(rows.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
      expect(rows[0]!.attempts).toBeGreaterThan(1);
      // The other host has it all, once; how many tries that took is the machine's business.
      const other = hostsOf(home).find((exchange) => exchange !== host)!;
      const there = await deliveryOf(`${home}:${listing.number}`, other);
      expect(there.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
      expect(mirrorsOf(other, listing)).toMatchObject([{ state: operations[other].suspended }]);
    },
  );

  it.each(['stex', 'szse'] as const)(
    'an answer of %s that is signed wrongly is no answer: it is asked, and the effect is one',
    async (host) => {
      journey.mocks[host].fail(operations[host].listing, 'bad-signature', 1);
      const listing = publish('ctex');
      await journey.settle();
      expect(mirrorsOf(host, listing)).toHaveLength(1);
      const [row] = await deliveryOf(`ctex:${listing.number}`, host);
      expect(row).toMatchObject({ state: 'accepted' });
      expect(row!.attempts).toBeGreaterThan(1);
    },
  );

  it.each(exchanges)('what the rules of %s refuse is refused with its reasons, and nothing is shown', async (host) => {
    const home = hostsOf(host)[1]!;
    journey.mocks[host].fail(operations[host].listing, 'refuse', 1);
    const listing = publish(home);
    await journey.settle();
    expect(foreign(journey, host, 'listing', listing.number)).toBeUndefined();
    const [row] = await deliveryOf(`${home}:${listing.number}`, host);
    expect(row).toMatchObject({ state: 'refused', attempts: 1, receipt: expect.any(Buffer) });
    for (const { zh, en } of row!.reason) {
      expect(zh).toMatch(/\p{Script=Han}/u);
      expect(en).toMatch(/[a-z]/);
    }
  });

  it.each(exchanges)('a lane that stays in trouble at %s does not delay fifty others', async (host) => {
    const home = hostsOf(host)[0]!;
    const stuck = publish(home);
    await journey.settle();
    // From here on every change of a state is put off; what is new is not.
    journey.mocks[host].fail(operations[host].state, 'busy', 1_000);
    journey.mocks[home].desk.setState(stuck.number, 2, 'suspended', '核查');
    const change = async () => (await deliveryOf(`${home}:${stuck.number}`, host))[1];
    await until('the change in trouble', async () => ((await change())?.attempts ?? 0) > 0);
    const others = Array.from({ length: 50 }, () => publish(home));
    await until('the fifty others', () => others.every((listing) => mirrorsOf(host, listing).length === 1));
    expect(['waiting', 'sending', 'in-doubt', 'dead']).toContain((await change())?.state);
    // Its turn comes to an end as a dead letter, so that the next exchange starts with nothing on its way.
    await journey.gateway.database.query(
      `update delivery set state = 'dead', due_at = '9999-12-31' where exchange = $1 and open`,
      [host],
    );
  });
});

describe('dead letters', () => {
  beforeAll(async () => {
    journey = await openJourney({ limits: { ...limits, retryAttempts: 3 } });
  });
  afterAll(() => journey.close());

  it('are listed with their reason, block their own lane only, and go on after a redrive with the same message', async () => {
    journey.mocks.stex.fail('111', 'busy', 3);
    const dead = publish('ctex');
    const id = `ctex:${dead.number}`;
    await until('the dead letter', async () => (await deliveryOf(id, 'stex'))[0]?.state === 'dead');
    journey.mocks.ctex.desk.setState(dead.number, 2, 'suspended', '核查');
    const other = publish('ctex');
    await until('the other listing', () => mirrorsOf('stex', other).length === 1);
    expect((await deliveryOf(id, 'stex')).map(({ state }) => state)).toEqual(['dead', 'waiting']);
    await until('the other host', async () =>
      (await deliveryOf(id, 'szse')).every(({ state }) => state === 'accepted'),
    );

    const { items } = await getJson<{ items: { id: string; message: string; exchange: string; reason: unknown }[] }>(
      journey,
      '/v1/dead-letters',
    );
    const [row] = await deliveryOf(id, 'stex');
    expect(items).toEqual([
      expect.objectContaining({ id: String(row!.no), message: row!.message, exchange: 'stex', state: 'dead' }),
    ]);
    const redrive = (step: string, token: string) =>
      fetch(`${journey.gateway.url}/v1/dead-letters/${row!.no}/redrive${step}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': `redrive-${row!.no}${step}` },
      });
    expect((await redrive('', 'not-the-operator-token-at-all')).status).toBe(401);
    expect((await redrive('', OPERATOR)).status).toBe(202);
    expect((await redrive('/approve', OPERATOR)).status).toBe(422);
    const { database, access } = journey.gateway;
    const checker = { name: 'second', role: 'checker', exchange: null } as const;
    const at = new Date(journey.clock.nowMs());
    const { token } = await transaction(database, async (connection) => {
      await addAccount(connection, checker, { name: 'test', role: 'terminal' }, at, access);
      return access.sessions.open(connection, checker, { by: 'terminal' }, at);
    });
    expect((await redrive('/approve', token)).status).toBe(202);
    await journey.settle();
    const after = await deliveryOf(id, 'stex');
    expect(after.map(({ state }) => state)).toEqual(['accepted', 'accepted']);
    expect(after[0]!.message).toBe(row!.message);
    expect([...journey.mocks.stex.book.effects.keys()]).toContain(`stex-${row!.message}`);
    expect(mirrorsOf('stex', dead)).toMatchObject([{ version: 2 }]);
    noDoubles();
    await verifyJournal(journey);
  });
});
