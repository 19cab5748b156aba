import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapters } from '../../adapters/all.ts';
import { mocks } from '../../adapters/mocks.ts';
import { clockFrom } from '../../src/cli/federation.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { readConfig } from '../../src/config.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { MockAddress, MockExchange } from '../../src/contract/mock.ts';
import { openCosigned } from '../../src/envelope/cosigned.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { verifyReceipt } from '../../src/envelope/receipt.ts';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { openDatabase } from '../../src/journal/database.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';
import { createTestDatabase } from '../support/database.ts';
import { putDemoKeys } from '../support/demo-keys.ts';
import { forgetKeys, getJson, type Journey, MORNING, openJourney } from './federation.ts';

describe('the same native message again', () => {
  let journey: Journey;
  let serial = 8000;
  beforeAll(async () => {
    journey = await openJourney({ limits: { pollIntervalMs: 50, outboxPollMs: 20 } });
  });
  afterAll(async () => {
    await journey.close();
    forgetKeys();
  });

  const counts = async () => {
    const tables = ['message', 'delivery', 'inbox', 'refusal', 'equivocation', 'listing'];
    const text = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ');
    return (await journey.gateway.database.query<Record<string, number>>(`select ${text}`)).rows[0]!;
  };
  const publishNative = async (home: Exchange) => {
    const listing = sampleListing(home, ++serial, journey.clock.nowMs());
    journey.mocks[home].desk.publish(listing);
    await journey.settle();
    const { rows } = await journey.gateway.database.query<{ native: Buffer }>(
      `select native from message where subject = $1 and kind = 'listing'`,
      [`${home}:${listing.number}`],
    );
    return { listing, native: rows[0]!.native };
  };
  const effects = () => exchanges.map((exchange) => journey.mocks[exchange].book.effects.size);

  it.each(exchanges)('from %s is answered as before and has no second effect', async (home) => {
    const { native } = await publishNative(home);
    const [before, done] = [await counts(), effects()];
    const turnedDown = journey.mocks[home].book.turnedDown.length;
    journey.mocks[home].desk.send(native);
    await journey.settle();
    expect(await counts()).toEqual(before);
    expect(effects()).toEqual(done);
    expect(journey.mocks[home].book.turnedDown.length).toBe(turnedDown);
    expect(journey.errors).toEqual([]);
  });

  it.each(exchanges)('from %s with other bytes under its id is a conflict, of which both are kept', async (home) => {
    const { native } = await publishNative(home);
    const [before, done] = [await counts(), effects()];
    // The V of the right's title, the same byte in all three character sets.
    const other = Buffer.from(native);
    other[native.lastIndexOf('V')] = 'W'.charCodeAt(0);
    journey.mocks[home].desk.send(other);
    await journey.settle();
    expect(await counts()).toEqual({ ...before, equivocation: before.equivocation! + 1 });
    expect(effects()).toEqual(done);
    const { rows } = await journey.gateway.database.query<{ refused: boolean }>(
      `select i.refusals is not null as refused from equivocation e
         join inbox i on i.exchange = e.exchange and i.key = e.key
        where e.exchange = $1`,
      [home],
    );
    // The first answer stands.
    expect(rows).toEqual([{ refused: false }]);
    // stex answers to its outbox with one cursor for all and is told of refusals otherwise.
    if (home !== 'stex') expect(journey.mocks[home].book.turnedDown.length).toBeGreaterThan(0);
  });

  it('pages of /v1/listings hold still while listings are added', async () => {
    interface Page {
      readonly items: readonly { readonly id: string }[];
      readonly next?: string;
    }
    for (let i = 0; i < 7; i++) await publishNative(exchanges[i % 3]!);
    const known = (
      await journey.gateway.database.query<{ id: string }>('select id from listing order by updated_at, id')
    ).rows.map(({ id }) => id);
    for (const order of ['oldest', 'newest']) {
      const seen: string[] = [];
      let path: string | undefined = `/v1/listings?limit=2&order=${order}`;
      while (path !== undefined) {
        const page: Page = await getJson(journey, path);
        seen.push(...page.items.map(({ id }) => id));
        path = page.next ? `/v1/listings?limit=2&order=${order}&cursor=${encodeURIComponent(page.next)}` : undefined;
        if (seen.length < 8) await publishNative('ctex');
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(known.filter((id) => !seen.includes(id))).toEqual([]);
    }
  });
});

describe('a gateway that is stopped in the middle of a flood', () => {
  it('goes on where it was: nothing is lost, nothing is done twice, every stream is without a gap', async () => {
    const database = await createTestDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'qiao-keys-'));
    const clock = clockFrom(MORNING);
    await putDemoKeys(folder, MORNING);
    const keys = await openKeyStore(folder, { demo: true, nowMs: clock.nowMs });
    const opened = {} as Record<Exchange, MockExchange>;
    const addresses = {} as Record<Exchange, MockAddress>;
    let last = 0;
    for (const exchange of exchanges) {
      opened[exchange] = mocks[exchange]();
      addresses[exchange] = await opened[exchange].start({
        ...keys.mock(exchange),
        member: 'QIAO',
        port: 0,
        filePort: 0,
        nowMs: clock.nowMs,
        nonce: () => (++last).toString(16).padStart(32, '0'),
      });
    }
    const open = () =>
      openGateway({
        config: readConfig(
          {
            NODE_ENV: 'test',
            DATABASE_URL: database.url,
            QIAO_KEYS: folder,
            QIAO_MEMBER: 'QIAO',
            PORT: '0',
            QIAO_CTEX_URL: addresses.ctex.url,
            QIAO_STEX_URL: addresses.stex.url,
            QIAO_SZSE_ADDRESS: addresses.szse.address,
            QIAO_SZSE_FILES_URL: addresses.szse.url,
          },
          { limits: { retryBaseMs: 20, pollIntervalMs: 50, outboxPollMs: 20, leaseMs: 2_000 } },
        ),
        adapters,
        keys,
        databaseUrl: database.url,
        log: () => {},
        nowMs: clock.nowMs,
      });
    let gateway: Gateway = await open();
    const aim = () => {
      for (const exchange of exchanges) opened[exchange].desk.aim(gateway.url);
    };
    aim();
    const flood = 60;
    for (let i = 1; i <= flood; i++) {
      for (const home of exchanges) opened[home].desk.publish(sampleListing(home, 9000 + i, clock.nowMs()));
    }
    const shown = () =>
      exchanges.reduce(
        (sum, at) => sum + [...opened[at].book.received.values()].filter(({ kind }) => kind === 'listing').length,
        0,
      );
    const all = flood * 3 * 2;
    let stops = 0;
    const deadline = performance.now() + 240_000;
    try {
      for (let mark = 20; shown() < all; ) {
        if (performance.now() > deadline) throw new Error(`${shown()} of ${all} mirrors after ${stops} stops`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (shown() < mark || stops >= 3) continue;
        await gateway.stop();
        stops += 1;
        mark = shown() + 60;
        gateway = await open();
        aim();
      }
      while (!(await gateway.idle())) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      await gateway.stop();
      await Promise.all(exchanges.map((exchange) => opened[exchange].stop()));
    }
    expect(stops).toBeGreaterThan(0);
    for (const at of exchanges) {
      const numbers = [...opened[at].book.received.values()].map(
        ({ exchange, foreignNumber }) => `${exchange} ${foreignNumber}`,
      );
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.length).toBe(flood * 2);
      for (const times of opened[at].book.effects.values()) expect(times).toBe(1);
    }
    const journal = openDatabase(database.url, { max: 2 });
    const proof = await verifyJournal(journal, {
      envelope: (bytes, atMs) => verifyEnvelope(bytes, keys.trust, { atMs }),
      receipt: (bytes, of, atMs) => verifyReceipt(bytes, keys.trust, { of, atMs }),
      cosigned: (bytes, parties, atMs) => openCosigned(bytes, keys.trust, parties, atMs),
    });
    expect(proof.faults).toEqual([]);
    const { rows } = await journal.query<{ open: number; accepted: number }>(
      `select count(*) filter (where open)::int as open,
              count(*) filter (where state = 'accepted' and kind = 'listing')::int as accepted from delivery`,
    );
    expect(rows).toEqual([{ open: 0, accepted: all }]);
    await journal.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
});
